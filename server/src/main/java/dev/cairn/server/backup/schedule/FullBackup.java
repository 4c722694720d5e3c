package dev.cairn.server.backup.schedule;

import dev.cairn.bbolt.BoltFile;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.server.backup.DatabaseExport;
import dev.cairn.server.backup.DatabaseFile;
import dev.cairn.server.backup.archive.BackupDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;

/**
 * Writes one full backup: etcd's snapshot form, aside, synced, read again and compared, renamed. The store is read as for a client's snapshot
 * (docs/decisions/0004): no long transaction, no request waits. Stateless; on the thread of the caller, which may be long.
 */
final class FullBackup {
    /** What one look at the store for its lengths reads at most; counts against the rate. */
    private static final long MEASURED_BYTES = 256 << 10;

    private FullBackup() {}

    /** What was written and verified. */
    record Result(Path file, Instant time, long revision, long bytes) {}

    /**
     * Takes one.
     *
     * @param line of the archive that goes on behind it
     * @throws IOException when it could not be written, or is not what was written; nothing is left behind
     * @throws CancellationException when it is not wanted any more
     */
    static Result take(
            MvccStore store, BackupDirectory directory, long member, OptionalLong line, RateLimit rate, Clock clock)
            throws IOException {
        directory.prepare();
        Path part = directory.part(member);
        try {
            Writing writing = new Writing(rate, clock);
            DatabaseExport.Written written = DatabaseExport.writeSnapshot(store, part, writing);
            verify(part, rate);
            // A store into which nothing was ever written is at revision 1.
            long revision = Math.max(1, written.revision());
            Path file = directory.full(writing.time, revision, line);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            BackupDirectory.sync(directory.path());
            return new Result(file, writing.time, revision, written.bytes());
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static final class Writing implements DatabaseExport.Progress {
        private final RateLimit rate;
        private final Clock clock;
        private Instant time = Instant.EPOCH;
        private long before;

        Writing(RateLimit rate, Clock clock) {
            this.rate = rate;
            this.clock = clock;
        }

        @Override
        public void begun() {
            // A name has whole seconds; whatever is in the file was written before the one that it names.
            time = clock.instant().plusMillis(999).truncatedTo(ChronoUnit.SECONDS);
        }

        @Override
        public void measured() {
            rate.took(MEASURED_BYTES);
        }

        @Override
        public void written(long bytes, long allBytes) {
            rate.took(bytes - before);
            before = bytes;
        }
    }

    /** Reads all of it again: the digest, then every page. */
    private static void verify(Path part, RateLimit rate) throws IOException {
        long[] before = new long[1];
        DatabaseFile.open(part, false, (step, done, all) -> {
                    rate.took(Math.max(0, done - before[0]));
                    before[0] = done;
                })
                .close();
        try (BoltFile file = BoltFile.open(part)) {
            file.check();
        }
    }
}
