package dev.cairn.server.check;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import dev.cairn.bbolt.BoltFile;
import dev.cairn.mvcc.AppliedState;
import dev.cairn.mvcc.ContentInspection;
import dev.cairn.mvcc.Table;
import dev.cairn.server.backup.DatabaseFile;
import dev.cairn.server.backup.TableSource;
import dev.cairn.server.membership.MemberFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Looks through a snapshot, or the database of an etcd: its checksum, if it has one; every page; every pair. Stateless.
 *
 * <p>Pages have no checksums, so a changed byte within a value shows only where the file has one.
 */
public final class DatabaseCheck {
    private static final int PAIRS_BETWEEN_NOTES = 4096;

    private DatabaseCheck() {}

    /** @return the entry that the file ends with; nothing when it cannot be told */
    public static Optional<AppliedState> run(Path path, Findings findings) {
        try {
            if (DatabaseFile.hasHash(path)) {
                DatabaseFile.checkHash(path, findings);
                findings.fact(path + ": the checksum of the snapshot is right");
            }
        } catch (IOException e) {
            findings.problem(path + ": " + e.getMessage());
        }
        try (BoltFile file = BoltFile.open(path)) {
            findings.at("pages", 0, file.sizeBytes());
            file.check();
        } catch (IOException e) {
            // Where pages do not hang together, what they hold says nothing.
            findings.problem(String.valueOf(e.getMessage()));
            return Optional.empty();
        }
        try (DatabaseFile file = DatabaseFile.open(path, true, findings)) {
            Content content = new Content(path, file.bytes(), findings);
            file.visit(content);
            return Optional.of(content.finish());
        } catch (IOException e) {
            findings.problem(String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    private static final class Content implements TableSource.Visitor {
        private final Path path;
        private final long bytes;
        private final Findings findings;
        private final ContentInspection inspection;
        private String bucket = "";
        private @Nullable Table table;
        private long pairs;
        private long read;

        Content(Path path, long bytes, Findings findings) {
            this.path = path;
            this.bytes = bytes;
            this.findings = findings;
            this.inspection = new ContentInspection(what -> findings.problem(path + ": " + what));
        }

        @Override
        public void bucket(String name) {
            bucket = name;
            table = null;
            for (Table each : Table.values()) {
                if (each.bucket().equals(name)) {
                    table = each;
                }
            }
            if (table == null && !name.equals("key")) {
                findings.fact(path + ": bucket '" + name + "' is none of etcd's");
            }
        }

        @Override
        public void pair(byte[] key, byte[] value) {
            read += (long) key.length + value.length;
            if (pairs++ % PAIRS_BETWEEN_NOTES == 0) {
                findings.at("pairs", read, bytes);
            }
            if (bucket.equals("key")) {
                inspection.revision(key, value);
            } else if (table != null) {
                inspection.pair(table, key, value);
                if (table == Table.MEMBERS) {
                    member(key, value);
                }
            }
        }

        private void member(byte[] key, byte[] value) {
            try {
                long id = MemberFormat.decode(ByteString.copyFrom(value)).id();
                if (!Long.toHexString(id).equals(new String(key, UTF_8))) {
                    findings.problem(path + ": bucket members has member " + Long.toHexString(id) + " under the key "
                            + new String(key, UTF_8));
                }
            } catch (IOException e) {
                findings.problem(path + ": bucket members, key " + new String(key, UTF_8) + ": " + e.getMessage());
            }
        }

        AppliedState finish() {
            inspection.finish();
            findings.fact(path + ": " + pairs + " pairs, " + inspection.revisions() + " of them revisions up to "
                    + inspection.newestRevision() + ", compacted up to " + inspection.compactedRevision()
                    + "; ends with entry " + inspection.index() + " of term " + inspection.term());
            return new AppliedState(inspection.index(), inspection.term(), ByteString.EMPTY);
        }
    }
}
