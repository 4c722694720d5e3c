package dev.cairn.server.membership;

import com.google.protobuf.ByteString;
import dev.cairn.raft.PeerProgress;
import dev.cairn.raft.RaftStatus;
import dev.cairn.raft.message.ConfChangeType;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.EtcdUrl;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Adds, removes, updates and promotes members: the checks that etcd makes before it proposes a change, in its order. What
 * depends on the log alone (taken IDs and URLs, the number of learners) is decided when the change is applied. Thread-safe;
 * never blocks.
 */
public final class Reconfiguration {
    private static final Logger LOG = LoggerFactory.getLogger(Reconfiguration.class);

    /** How much of the leader's log a learner must have before it may vote. */
    private static final double READY_SHARE = 0.9;

    /** A member that was added, and the members then. */
    public record Added(Member member, Cluster.View members) {}

    /** Hears how promotions end, for the metrics. */
    public interface PromotionListener {
        /** @param error why it failed; null when it did not */
        void promoted(@Nullable EtcdError error);
    }

    private final Cluster cluster;
    private final RaftGroup raft;
    private final boolean strict;
    private final QuorumGuard guard;
    private final Clock clock;
    private final PromotionListener promotions;

    /**
     * @param strict whether changes that endanger the quorum are refused
     * @param clock whose seconds become part of a new member's ID
     */
    public Reconfiguration(
            Cluster cluster,
            RaftGroup raft,
            boolean strict,
            PeerActivity peers,
            Clock clock,
            PromotionListener promotions) {
        this.cluster = cluster;
        this.raft = raft;
        this.strict = strict;
        this.guard = new QuorumGuard(cluster.identity().memberId(), peers);
        this.clock = clock;
        this.promotions = promotions;
    }

    /** Adds a member at these URLs. Fails with MEMBER_BAD_URLS, what {@link RaftGroup#change} and the strict check say. */
    public void add(List<String> peerUrls, boolean learner, Completion<Added> completion) {
        List<String> urls = parse(peerUrls);
        if (urls == null) {
            completion.fail(EtcdError.MEMBER_BAD_URLS);
            return;
        }
        EtcdError refusal = strict ? guard.refuseAdd(cluster.view(), learner, System.nanoTime()) : null;
        if (refusal != null) {
            refuse("add", String.join(",", urls), refusal, completion);
            return;
        }
        long id = Identity.memberId(urls, Long.toString(clock.instant().getEpochSecond()));
        Member member = new Member(id, urls, learner, "", List.of());
        raft.change(
                learner ? ConfChangeType.ADD_LEARNER_NODE : ConfChangeType.ADD_NODE,
                id,
                MemberFormat.encode(member),
                new Completion<>() {
                    @Override
                    public void complete(Cluster.View members) {
                        completion.complete(new Added(member, members));
                    }

                    @Override
                    public void fail(EtcdError error) {
                        completion.fail(error);
                    }
                });
    }

    public void remove(long id, Completion<Cluster.View> completion) {
        EtcdError refusal = strict ? guard.refuseRemove(cluster.view(), id, System.nanoTime()) : null;
        if (refusal != null) {
            refuse("remove", Identity.hex(id), refusal, completion);
            return;
        }
        if (isNobody(id, completion)) {
            return;
        }
        raft.change(ConfChangeType.REMOVE_NODE, id, ByteString.EMPTY, completion);
    }

    /** Has the member reached at other URLs. URLs that nobody can use are refused before they get into the log. */
    public void update(long id, List<String> peerUrls, Completion<Cluster.View> completion) {
        if (parse(peerUrls) == null) {
            completion.fail(cluster.view().member(id) == null ? EtcdError.MEMBER_NOT_FOUND : EtcdError.MEMBER_BAD_URLS);
            return;
        }
        if (isNobody(id, completion)) {
            return;
        }
        // As they were given: this is how etcd keeps them.
        Member member = new Member(id, peerUrls, false, "", List.of());
        raft.change(ConfChangeType.UPDATE_NODE, id, MemberFormat.encode(member), completion);
    }

    /** In the log a change of member 0 stands for one that was refused: it would be taken for done. */
    private static boolean isNobody(long id, Completion<Cluster.View> completion) {
        if (id == 0) {
            completion.fail(EtcdError.MEMBER_NOT_FOUND);
        }
        return id == 0;
    }

    /** Has a learner vote, once it has nearly all of the leader's log. Only the leader knows that: fails with NO_LEADER elsewhere. */
    public void promote(long id, Completion<Cluster.View> completion) {
        Completion<Cluster.View> counted = new Completion<>() {
            @Override
            public void complete(Cluster.View members) {
                promotions.promoted(null);
                completion.complete(members);
            }

            @Override
            public void fail(EtcdError error) {
                promotions.promoted(error);
                completion.fail(error);
            }
        };
        raft.look(new Completion<>() {
            @Override
            public void complete(RaftStatus status) {
                EtcdError refusal = refusePromote(status, id);
                if (refusal == null && strict) {
                    refusal = guard.refusePromote(cluster.view());
                }
                if (refusal != null) {
                    refuse("promote", Identity.hex(id), refusal, counted);
                    return;
                }
                Member member = new Member(id, List.of(), false, "", List.of());
                ByteString context = MemberFormat.encodeChange(new MemberFormat.Change(member, true));
                raft.change(ConfChangeType.ADD_NODE, id, context, counted);
            }

            @Override
            public void fail(EtcdError error) {
                counted.fail(error);
            }
        });
    }

    private static @Nullable EtcdError refusePromote(RaftStatus status, long id) {
        PeerProgress own = status.progress().get(status.id());
        if (own == null) {
            return EtcdError.NO_LEADER;
        }
        PeerProgress learner = status.progress().get(id);
        if (learner == null) {
            return EtcdError.MEMBER_NOT_FOUND;
        }
        return (double) learner.match() / own.match() < READY_SHARE ? EtcdError.LEARNER_NOT_READY : null;
    }

    private void refuse(String what, String whom, EtcdError error, Completion<?> completion) {
        LOG.atWarn()
                .setMessage(
                        error == EtcdError.UNHEALTHY
                                ? "rejecting member " + what
                                        + " request; local member has not been connected to majority peers, reconfigure breaks active quorum"
                                : "rejecting member " + what + " request")
                .addKeyValue("local-member-id", Identity.hex(cluster.identity().memberId()))
                .addKeyValue("requested-member-" + what, whom)
                .addKeyValue("error", error.message())
                .log();
        completion.fail(error);
    }

    /** Whether members can be reached at these URLs, as far as their form says. */
    public static boolean isUsable(List<String> peerUrls) {
        return parse(peerUrls) != null;
    }

    /** The URLs in order; null when there are none, or one is no URL of a peer. */
    private static @Nullable List<String> parse(List<String> given) {
        List<EtcdUrl> urls = new ArrayList<>(given.size());
        try {
            for (String url : given) {
                urls.add(EtcdUrl.parse(url));
            }
        } catch (ConfigException e) {
            return null;
        }
        Collections.sort(urls);
        return urls.isEmpty() ? null : urls.stream().map(EtcdUrl::text).toList();
    }
}
