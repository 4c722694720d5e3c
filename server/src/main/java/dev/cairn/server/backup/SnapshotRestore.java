package dev.cairn.server.backup;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cairn.mvcc.EtcdRevision;
import dev.cairn.server.backup.AddedPairs.Preference;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.ConfStateFormat;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.MemberFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a database when a new cluster is founded on it: content in, content out; no files. Immutable.
 *
 * <p>Keys, leases, users, roles, alarms and the cluster's version stay as they are. The members are others, nobody was ever removed, and the
 * log, of which the database tells how much of it it holds, is a new one. {@link #restored} answers a source that makes the changes
 * while it is walked through.
 *
 * @param members of the new cluster, in the order of their IDs
 * @param index the entry of the new log with which the database ends
 * @param term that of this entry
 * @param revisionBump by how much the newest revision grows, and is marked as compacted; 0 when neither is to happen. Clients that
 *     have seen more of the old cluster than the database holds must not meet one of its revisions again with another
 *     content: they are told that theirs was compacted, and begin anew
 */
public record SnapshotRestore(List<Member> members, long index, long term, long revisionBump) {
    private static final String KEY = "key";
    private static final String MEMBERS = "members";
    private static final String MEMBERS_REMOVED = "members_removed";
    private static final String META = "meta";

    public SnapshotRestore {
        members = List.copyOf(members);
        if (revisionBump < 0) {
            throw new IllegalArgumentException("a revision cannot be bumped by " + revisionBump);
        }
    }

    /** The same content as the start of the new cluster. Walking through it fails where the content cannot be a database's. */
    public TableSource restored(TableSource content) {
        return new TableSource() {
            @Override
            public void visit(Visitor visitor) throws IOException {
                Rewriting rewriting = new Rewriting(visitor);
                content.visit(rewriting);
                rewriting.finish();
            }

            @Override
            public long bytes() {
                return content.bytes();
            }
        };
    }

    /** What is to be in a bucket beside what is there, or instead of it. */
    private record Rewrite(boolean keepsOthers, NavigableMap<byte[], byte[]> pairs) {}

    /** One walk. */
    private final class Rewriting implements TableSource.Visitor {
        private final TableSource.Visitor out;

        /** The buckets that the result must have and that have not come yet. */
        private final NavigableMap<String, Rewrite> wanted = new TreeMap<>();

        /** What joins the bucket that is open. */
        private AddedPairs added;

        private boolean keepsOthers = true;
        private @Nullable String open;
        private long newest;

        Rewriting(TableSource.Visitor out) {
            this.out = out;
            this.added = new AddedPairs(AddedPairs.none(), Preference.ADDED, out);
            NavigableMap<byte[], byte[]> present = AddedPairs.none();
            for (Member member : members) {
                present.put(
                        Identity.hex(member.id()).getBytes(UTF_8),
                        MemberFormat.encode(member).toByteArray());
            }
            wanted.put(KEY, new Rewrite(true, AddedPairs.none()));
            wanted.put(MEMBERS, new Rewrite(false, present));
            wanted.put(MEMBERS_REMOVED, new Rewrite(false, AddedPairs.none()));
            wanted.put(META, new Rewrite(true, AddedPairs.none()));
        }

        @Override
        public void bucket(String name) throws IOException {
            close();
            addBucketsBefore(name);
            Rewrite rewrite = wanted.remove(name);
            enter(name, rewrite == null ? new Rewrite(true, AddedPairs.none()) : rewrite);
        }

        @Override
        public void pair(byte[] key, byte[] value) throws IOException {
            if (KEY.equals(open)) {
                newest = EtcdRevision.decode("bucket " + KEY + ", key", key).main();
            }
            if (keepsOthers) {
                added.pair(key, value);
            }
        }

        /** There are no more buckets. */
        void finish() throws IOException {
            close();
            while (!wanted.isEmpty()) {
                Map.Entry<String, Rewrite> missing = wanted.pollFirstEntry();
                enter(missing.getKey(), missing.getValue());
                close();
            }
        }

        private void addBucketsBefore(String name) throws IOException {
            while (!wanted.isEmpty() && wanted.firstKey().compareTo(name) < 0) {
                Map.Entry<String, Rewrite> missing = wanted.pollFirstEntry();
                enter(missing.getKey(), missing.getValue());
                close();
            }
        }

        private void enter(String name, Rewrite rewrite) throws IOException {
            open = name;
            if (name.equals(META)) {
                // The revisions stand before it in the order of the names, so the newest one is known.
                describe(rewrite.pairs());
            }
            keepsOthers = rewrite.keepsOthers();
            added = new AddedPairs(rewrite.pairs(), Preference.ADDED, out);
            out.bucket(name);
        }

        private void close() throws IOException {
            added.finish();
            if (KEY.equals(open) && revisionBump > 0) {
                // Nothing was written at this revision: etcd's mark that it exists.
                newest = bumped(newest);
                out.pair(EtcdRevision.encode(newest), new byte[0]);
            }
            open = null;
        }

        private void describe(NavigableMap<byte[], byte[]> meta) {
            meta.put(name("consistent_index"), number(index));
            meta.put(name("term"), number(term));
            Cluster.View view = new Cluster.View(members, Set.of(), null, null);
            meta.put(name("confState"), ConfStateFormat.encode(view).toByteArray());
            if (revisionBump > 0) {
                meta.put(name("scheduledCompactRev"), EtcdRevision.encode(newest));
            }
        }
    }

    private long bumped(long newest) throws IOException {
        if (newest > Long.MAX_VALUE - revisionBump) {
            throw new IOException("the newest revision " + newest + " cannot grow by " + revisionBump);
        }
        return newest + revisionBump;
    }

    private static byte[] number(long value) {
        return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
    }

    private static byte[] name(String text) {
        return text.getBytes(UTF_8);
    }
}
