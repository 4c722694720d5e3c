package dev.cairn.server.backup.archive;

import dev.cairn.mvcc.EtcdRevision;
import dev.cairn.mvcc.KeyValueFields;
import dev.cairn.mvcc.RevisionTail;
import dev.cairn.proto.leasepb.Lease;
import dev.cairn.server.backup.AddedPairs;
import dev.cairn.server.backup.AddedPairs.Preference;
import dev.cairn.server.backup.TableSource;
import dev.cairn.server.backup.WorkProgress;
import dev.cairn.server.backup.archive.BackupDirectory.Full;
import dev.cairn.server.backup.archive.BackupDirectory.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The way to the store of one point in time: a full backup, and the pieces of segments that lead from it to the revision. Immutable; made by
 * {@link #find}, which reads every group on the way, so that damage is known before anything is written.
 *
 * <p><b>What is from when.</b> Keys, with their history since the full backup was made, are those of the point in time. Users, roles, alarms and members
 * are those of the full backup. Leases are those of the full backup and those that archived keys hang on, with the time to live that they were granted;
 * one of which nothing is known, because it ended before it was archived, is given {@link #UNKNOWN_LEASE_SECONDS}. So no key outlives its
 * lease for ever, and leases that had ended meanwhile end again.
 *
 * <p><b>Memory.</b> One group, and the leases.
 */
public final class PointInTime {
    /** The time to live of a lease that ended before anybody could look at it. */
    public static final long UNKNOWN_LEASE_SECONDS = 60;

    private static final String KEY = "key";
    private static final String LEASE = "lease";

    private final Full full;
    private final long revision;
    private final List<Piece> pieces;
    private final long bytes;
    private final NavigableMap<byte[], byte[]> leases;
    private final Set<Long> referenced;

    /** Of a segment the revisions behind {@code after}, up to {@code upTo}. */
    private record Piece(Segment segment, long after, long upTo) {}

    private PointInTime(
            Full full,
            long revision,
            List<Piece> pieces,
            long bytes,
            NavigableMap<byte[], byte[]> leases,
            Set<Long> referenced) {
        this.full = full;
        this.revision = revision;
        this.pieces = List.copyOf(pieces);
        this.bytes = bytes;
        this.leases = leases;
        this.referenced = referenced;
    }

    /** The full backup to begin with. */
    public Full full() {
        return full;
    }

    /** The newest revision that the restored store will have. */
    public long revision() {
        return revision;
    }

    /**
     * Finds the way. Of several the one from the newest full backup is taken; where the archive behind it does not reach, older ones are
     * tried, of other lines too.
     *
     * @throws ArchiveException when there is no way; says why not from the newest full backup before the point
     */
    public static PointInTime find(BackupDirectory directory, Target target, WorkProgress progress) throws IOException {
        List<Full> fulls = new ArrayList<>(directory.fulls());
        if (fulls.isEmpty()) {
            throw new ArchiveException(directory.path() + " holds no full backup");
        }
        fulls.removeIf(full -> isBehind(full, target));
        if (fulls.isEmpty()) {
            Full first = directory.fulls().get(0);
            throw new ArchiveException("the oldest full backup in " + directory.path() + " is of " + first.time()
                    + " and has revision " + first.revision() + ", nothing before can be restored");
        }
        fulls.sort(
                Comparator.comparing(Full::time).thenComparing(Full::revision).reversed());
        List<Segment> segments = directory.segments();
        ArchiveException reason = null;
        for (Full full : fulls) {
            try {
                return new Search(full, segments, progress).find(target);
            } catch (ArchiveException e) {
                if (reason == null) {
                    reason = e;
                } else {
                    reason.addSuppressed(e);
                }
                // What was written behind a newer full backup is not on the way from an older one.
                if (target instanceof Target.AtTime) {
                    break;
                }
            }
        }
        throw reason == null ? new ArchiveException(directory.path() + " holds no full backup") : reason;
    }

    private static boolean isBehind(Full full, Target target) {
        if (target instanceof Target.AtRevision at) {
            return full.revision() > at.revision();
        }
        return target instanceof Target.AtTime at && full.time().isAfter(at.time());
    }

    /** The content of the full backup, led on to the point in time. */
    public TableSource from(TableSource base) {
        return new TableSource() {
            @Override
            public void visit(Visitor visitor) throws IOException {
                Leading leading = new Leading(visitor);
                base.visit(leading);
                leading.finish();
            }

            @Override
            public long bytes() {
                return base.bytes() + bytes;
            }
        };
    }

    /** Looks for the way from one full backup. */
    private static final class Search {
        private final Full full;
        private final List<Segment> segments;
        private final WorkProgress progress;
        private final List<Piece> pieces = new ArrayList<>();
        private final NavigableMap<byte[], byte[]> leases = AddedPairs.none();
        private final Set<Long> referenced = new HashSet<>();
        private @Nullable ArchiveException flaw;
        private long reached;
        private long bytes;
        private @Nullable Instant seenUntil;

        Search(Full full, List<Segment> all, WorkProgress progress) {
            this.full = full;
            this.progress = progress;
            this.reached = full.revision();
            this.segments = all.stream()
                    .filter(segment -> full.line().isPresent()
                            && segment.line() == full.line().getAsLong())
                    .sorted(Comparator.comparing(Segment::after).thenComparing(Segment::created))
                    .toList();
        }

        PointInTime find(Target target) throws IOException {
            int read = 0;
            for (Segment segment : segments) {
                progress.at("reading the archive", read++, segments.size());
                // What begins behind a gap is of no use. For a time all are looked at: who no longer led may have said
                // that nothing was written.
                boolean enough = target instanceof Target.AtRevision && isThere(target);
                if (segment.after() <= reached && !enough) {
                    take(segment, target);
                }
            }
            progress.at("reading the archive", segments.size(), segments.size());
            if (!isThere(target)) {
                throw missing(target);
            }
            return new PointInTime(full, reached, pieces, bytes, leases, referenced);
        }

        private boolean isThere(Target target) {
            if (target instanceof Target.AtRevision at) {
                return reached >= at.revision();
            }
            Instant until = seenUntil;
            return target instanceof Target.AtTime at && until != null && !until.isBefore(at.time());
        }

        private void take(Segment segment, Target target) throws IOException {
            long before = reached;
            try (SegmentReader reader = SegmentReader.open(segment)) {
                SegmentHeader header = reader.header();
                for (Group group = reader.next(); group != null && header != null; group = reader.next()) {
                    Instant time = Instant.ofEpochMilli(group.time());
                    if (target instanceof Target.AtTime at && time.isAfter(at.time())) {
                        // Only of a segment that leads on from here does this tell that nothing is missing in between.
                        seenUntil = time;
                        break;
                    }
                    long upTo = target instanceof Target.AtRevision at
                            ? Math.min(at.revision(), group.complete())
                            : group.complete();
                    note(group, before);
                    reached = Math.max(reached, upTo);
                    if (target instanceof Target.AtTime && (seenUntil == null || time.isAfter(seenUntil))) {
                        seenUntil = time;
                    }
                    if (target instanceof Target.AtRevision && isThere(target)) {
                        break;
                    }
                }
                if (reader.flaw() != null) {
                    flaw = reader.flaw();
                }
            }
            if (reached > before) {
                pieces.add(new Piece(segment, before, reached));
            }
        }

        /** What a group says of leases. What is behind the target, in the last group, does no harm: such a lease has no keys and ends. */
        private void note(Group group, long behind) throws ArchiveException {
            for (Group.LeaseRow lease : group.leases()) {
                leases.put(
                        ByteBuffer.allocate(Long.BYTES).putLong(lease.id()).array(),
                        lease.value().toByteArray());
            }
            for (RevisionTail.Row row : group.rows()) {
                if (row.revision().main() > behind) {
                    bytes += EtcdRevision.BYTES + row.keyValue().size();
                    long lease = row.tombstone() ? 0 : leaseOf(row);
                    if (lease != 0) {
                        referenced.add(lease);
                    }
                }
            }
        }

        private static long leaseOf(RevisionTail.Row row) throws ArchiveException {
            try {
                return KeyValueFields.decode(row.keyValue()).lease();
            } catch (IOException e) {
                throw new ArchiveException("an archived key-value does not decode: " + e.getMessage());
            }
        }

        private ArchiveException missing(Target target) {
            String end = "the archive behind " + full.file().getFileName() + " reaches to revision " + reached
                    + (seenUntil == null ? "" : " at " + seenUntil);
            String wanted = target instanceof Target.AtRevision at
                    ? "revision " + at.revision()
                    : target instanceof Target.AtTime at ? String.valueOf(at.time()) : "";
            String why = full.line().isEmpty() ? "; nothing was archived behind it" : "";
            ArchiveException damage = flaw;
            return new ArchiveException(
                    wanted + " cannot be restored: " + end + why + (damage == null ? "" : "; " + damage.getMessage()));
        }
    }

    /** Walks through the full backup, with what was archived in between. */
    private final class Leading implements TableSource.Visitor {
        private final TableSource.Visitor out;
        private @Nullable String open;
        private boolean leasesSeen;

        /** What joins the bucket that is open. */
        private AddedPairs added;

        Leading(TableSource.Visitor out) {
            this.out = out;
            this.added = nothing();
        }

        @Override
        public void bucket(String name) throws IOException {
            close();
            open = name;
            leasesSeen |= name.equals(LEASE);
            added = name.equals(LEASE) ? archivedLeases() : nothing();
            out.bucket(name);
        }

        private AddedPairs nothing() {
            return new AddedPairs(AddedPairs.none(), Preference.PRESENT, out);
        }

        private AddedPairs archivedLeases() {
            NavigableMap<byte[], byte[]> all = new TreeMap<>(leases);
            referenced.forEach(id -> all.computeIfAbsent(
                    ByteBuffer.allocate(Long.BYTES).putLong(id).array(), key -> unknown(id)));
            // What the full backup knows of a lease it was granted with; a later look at it tells nothing more.
            return new AddedPairs(all, Preference.PRESENT, out);
        }

        private byte[] unknown(long id) {
            return Lease.newBuilder()
                    .setID(id)
                    .setTTL(UNKNOWN_LEASE_SECONDS)
                    .build()
                    .toByteArray();
        }

        @Override
        public void pair(byte[] key, byte[] value) throws IOException {
            added.pair(key, value);
        }

        /** The bucket that is open has no more pairs of the full backup. */
        private void close() throws IOException {
            if (KEY.equals(open)) {
                for (Piece piece : pieces) {
                    lead(piece);
                }
            }
            added.finish();
        }

        /** The full backup has no more buckets. */
        void finish() throws IOException {
            close();
            if (!leasesSeen) {
                throw new ArchiveException(full.file() + " has no bucket " + LEASE);
            }
        }

        private void lead(Piece piece) throws IOException {
            try (SegmentReader reader = SegmentReader.open(piece.segment())) {
                long complete = piece.after();
                for (Group group = reader.next(); group != null; group = reader.next()) {
                    for (RevisionTail.Row row : group.rows()) {
                        long main = row.revision().main();
                        if (main > piece.after() && main <= piece.upTo()) {
                            out.pair(
                                    EtcdRevision.encode(row.revision(), row.tombstone()),
                                    row.keyValue().toByteArray());
                        }
                    }
                    complete = group.complete();
                    if (complete >= piece.upTo()) {
                        return;
                    }
                }
                throw new ArchiveException(piece.segment().file() + " has changed while it was read");
            }
        }
    }
}
