package dev.cairn.server.membership;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.Table;
import dev.cairn.mvcc.Tables;
import dev.cairn.server.api.EtcdError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Who belongs to the cluster, as the log has decided it so far. Changed on the apply loop only; any thread may read the
 * {@link View}, which is replaced as a whole by every change.
 *
 * <p>Every change is written to the {@code members}, {@code members_removed} and {@code cluster} tables and becomes durable
 * with the applied index of the entry that made it, so a restart loads exactly the state of that index.
 */
public final class Cluster {
    private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);
    private static final ByteString CLUSTER_VERSION = ByteString.copyFromUtf8("clusterVersion");
    private static final ByteString DOWNGRADE = ByteString.copyFromUtf8("downgrade");
    private static final ByteString REMOVED = ByteString.copyFromUtf8("removed");

    /**
     * The members at one moment. Immutable.
     *
     * @param members in ascending order of their unsigned IDs
     * @param removed the IDs that were removed and may not come back
     * @param version the cluster version, such as {@code 3.7.0}; null until the leader has decided it
     * @param downgradeTarget the version to which the cluster is being downgraded; null when it is not
     */
    public record View(
            List<Member> members,
            Set<Long> removed,
            @Nullable String version,
            @Nullable String downgradeTarget) {
        /** The members that vote. */
        public List<Member> voters() {
            return members.stream().filter(m -> !m.learner()).toList();
        }

        public @Nullable Member member(long id) {
            for (Member member : members) {
                if (member.id() == id) {
                    return member;
                }
            }
            return null;
        }

        /**
         * The version of the storage schema, which every member has follow the cluster version; empty until there is one. It is
         * not kept by itself: no release from 3.6 on differs from the next in what it stores.
         */
        public String storageVersion() {
            return version == null ? "" : version;
        }

        /** Where clients reach the members. */
        public List<String> clientUrls() {
            return members.stream().flatMap(m -> m.clientUrls().stream()).toList();
        }
    }

    /** Why a change of membership is refused. */
    public enum Refusal {
        MEMBER_EXISTS(EtcdError.MEMBER_EXISTS),
        MEMBER_NOT_FOUND(EtcdError.MEMBER_NOT_FOUND),
        MEMBER_REMOVED(EtcdError.MEMBER_NOT_FOUND),
        PEER_URL_EXISTS(EtcdError.PEER_URL_EXISTS),
        MEMBER_NOT_LEARNER(EtcdError.MEMBER_NOT_LEARNER),
        TOO_MANY_LEARNERS(EtcdError.TOO_MANY_LEARNERS),
        /** Without voters nothing could ever be decided again. */
        LAST_VOTER(EtcdError.MEMBER_NOT_ENOUGH_STARTED);

        private final EtcdError error;

        Refusal(EtcdError error) {
            this.error = error;
        }

        /** What the client is told. */
        public EtcdError error() {
            return error;
        }
    }

    private final Identity identity;
    private final Tables tables;
    private final TreeMap<Long, Member> members = new TreeMap<>(Long::compareUnsigned);
    private final TreeSet<Long> removed = new TreeSet<>(Long::compareUnsigned);
    private @Nullable String version;
    private @Nullable String downgradeTarget;
    private volatile ClusterListener listener = new ClusterListener() {
        @Override
        public void member(long id, boolean present) {}

        @Override
        public void version(@Nullable String before, String now) {}
    };
    private volatile View view = new View(List.of(), Set.of(), null, null);

    /** The cluster as its tables hold it. */
    public Cluster(Identity identity, Tables tables) {
        this.identity = identity;
        this.tables = tables;
        load();
        publish();
    }

    /** Goes on with what the tables hold: a snapshot has replaced them. The listener hears of every member. Apply loop. */
    public void restore() {
        View before = view;
        members.clear();
        removed.clear();
        load();
        publish();
        members.keySet().forEach(id -> listener.member(id, true));
        for (Member gone : before.members()) {
            if (!members.containsKey(gone.id())) {
                listener.member(gone.id(), false);
            }
        }
        listener.members(view);
        String now = version;
        if (now != null && !now.equals(before.version())) {
            listener.version(before.version(), now);
        }
    }

    private void load() {
        tables.forEach(Table.MEMBERS, (key, value) -> {
            try {
                Member member = MemberFormat.decode(value);
                members.put(member.id(), member);
            } catch (IOException e) {
                throw new UncheckedIOException("table members, key " + key.toStringUtf8(), e);
            }
        });
        tables.forEach(
                Table.MEMBERS_REMOVED, (key, value) -> removed.add(Long.parseUnsignedLong(key.toStringUtf8(), 16)));
        ByteString stored = tables.get(Table.CLUSTER, CLUSTER_VERSION);
        version = stored == null ? null : stored.toStringUtf8();
        ByteString downgrade = tables.get(Table.CLUSTER, DOWNGRADE);
        downgradeTarget = downgrade == null ? null : DowngradeFormat.decode(downgrade);
    }

    public Identity identity() {
        return identity;
    }

    public View view() {
        return view;
    }

    /** Tells the listener what is there, and from now on of every change. Before the apply loop starts. */
    public void setListener(ClusterListener newListener) {
        listener = newListener;
        members.keySet().forEach(id -> newListener.member(id, true));
        removed.forEach(id -> newListener.member(id, false));
        newListener.members(view);
        String known = version;
        if (known != null) {
            newListener.version(null, known);
        }
    }

    /** Whether the change may be applied; null when it may. Any thread, and again when the change is applied. */
    public @Nullable Refusal check(MemberFormat.Change change, int learnersMax) {
        View now = view;
        long id = change.member().id();
        if (now.removed().contains(id)) {
            return Refusal.MEMBER_REMOVED;
        }
        Member present = now.member(id);
        if (change.promote()) {
            if (present == null) {
                return Refusal.MEMBER_NOT_FOUND;
            }
            return present.learner() ? null : Refusal.MEMBER_NOT_LEARNER;
        }
        if (present != null) {
            return Refusal.MEMBER_EXISTS;
        }
        if (urlsTaken(now, change.member().peerUrls(), id)) {
            return Refusal.PEER_URL_EXISTS;
        }
        if (change.member().learner()
                && now.members().stream().filter(Member::learner).count() >= learnersMax) {
            return Refusal.TOO_MANY_LEARNERS;
        }
        return null;
    }

    /** Whether the member may be removed; null when it may. */
    public @Nullable Refusal checkRemove(long id) {
        View now = view;
        if (now.removed().contains(id)) {
            return Refusal.MEMBER_REMOVED;
        }
        Member member = now.member(id);
        if (member == null) {
            return Refusal.MEMBER_NOT_FOUND;
        }
        return !member.learner() && now.voters().size() == 1 ? Refusal.LAST_VOTER : null;
    }

    /** Whether the member may move to these peer URLs; null when it may. */
    public @Nullable Refusal checkUpdate(long id, Collection<String> peerUrls) {
        View now = view;
        if (now.removed().contains(id)) {
            return Refusal.MEMBER_REMOVED;
        }
        if (now.member(id) == null) {
            return Refusal.MEMBER_NOT_FOUND;
        }
        return urlsTaken(now, peerUrls, id) ? Refusal.PEER_URL_EXISTS : null;
    }

    public void add(Member member) {
        store(member);
        listener.member(member.id(), true);
        listener.members(view);
        told("added member")
                .addKeyValue("added-peer-id", Identity.hex(member.id()))
                .addKeyValue("added-peer-peer-urls", member.peerUrls())
                .addKeyValue("added-peer-is-learner", member.learner())
                .log();
    }

    public void promote(long id) {
        store(present(id).promoted());
        told("promote member")
                .addKeyValue("promoted-member-id", Identity.hex(id))
                .log();
    }

    public void remove(long id) {
        Member gone = present(id);
        members.remove(id);
        removed.add(id);
        ByteString key = key(id);
        tables.delete(Table.MEMBERS, key);
        tables.put(Table.MEMBERS_REMOVED, key, REMOVED);
        publish();
        listener.member(id, false);
        listener.members(view);
        told("removed member")
                .addKeyValue("removed-remote-peer-id", Identity.hex(id))
                .addKeyValue("removed-remote-peer-urls", gone.peerUrls())
                .addKeyValue("removed-remote-peer-is-learner", gone.learner())
                .log();
    }

    public void updatePeerUrls(long id, List<String> peerUrls) {
        Member member = present(id);
        store(member.withPeerUrls(peerUrls));
        listener.members(view);
        told("updated member")
                .addKeyValue("updated-remote-peer-id", Identity.hex(id))
                .addKeyValue("updated-remote-peer-urls", peerUrls)
                .addKeyValue("updated-remote-peer-is-learner", member.learner())
                .log();
    }

    /** A member has published its name and client URLs. One that has been removed meanwhile is not brought back. */
    public void updateAttributes(long id, String name, List<String> clientUrls) {
        Member member = members.get(id);
        if (member != null) {
            store(member.withAttributes(name, clientUrls));
        }
    }

    public void setVersion(String newVersion) {
        String before = version;
        version = newVersion;
        tables.put(Table.CLUSTER, CLUSTER_VERSION, ByteString.copyFromUtf8(newVersion));
        publish();
        listener.version(before, newVersion);
        if (before == null) {
            told("set initial cluster version")
                    .addKeyValue("cluster-version", newVersion)
                    .log();
            told("enabled capabilities for version")
                    .addKeyValue("cluster-version", newVersion)
                    .log();
        } else {
            told("updated cluster version")
                    .addKeyValue("from", before)
                    .addKeyValue("to", newVersion)
                    .log();
        }
    }

    /** @param target to which version the cluster is being downgraded; null when it is not, or no longer */
    public void setDowngrade(@Nullable String target) {
        downgradeTarget = target;
        tables.put(Table.CLUSTER, DOWNGRADE, DowngradeFormat.encode(target));
        publish();
    }

    private LoggingEventBuilder told(String message) {
        return LOG.atInfo()
                .setMessage(message)
                .addKeyValue("cluster-id", Identity.hex(identity.clusterId()))
                .addKeyValue("local-member-id", Identity.hex(identity.memberId()));
    }

    private void store(Member member) {
        members.put(member.id(), member);
        tables.put(Table.MEMBERS, key(member.id()), MemberFormat.encode(member));
        publish();
    }

    private Member present(long id) {
        Member member = members.get(id);
        if (member == null) {
            throw new IllegalStateException("member " + Identity.hex(id) + " is not in the cluster");
        }
        return member;
    }

    private void publish() {
        view = new View(List.copyOf(members.values()), Set.copyOf(removed), version, downgradeTarget);
    }

    private static boolean urlsTaken(View view, Collection<String> urls, long exceptId) {
        return view.members().stream()
                .filter(m -> m.id() != exceptId)
                .anyMatch(m -> m.peerUrls().stream().anyMatch(urls::contains));
    }

    private static ByteString key(long id) {
        return ByteString.copyFromUtf8(Identity.hex(id));
    }
}
