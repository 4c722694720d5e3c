package dev.cairn.server.check;

import dev.cairn.mvcc.AppliedState;
import dev.cairn.mvcc.DamagedStoreException;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreInspection;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.BackendException;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.api.StartException;
import dev.cairn.server.bootstrap.StoppedMember;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.wal.LogSink;
import dev.cairn.wal.SnapStore;
import dev.cairn.wal.WalContents;
import dev.cairn.wal.WalException;
import dev.cairn.wal.WalMetadata;
import dev.cairn.wal.WalReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Looks through the data directory of a member: its store or database, its log, its snapshot files, and whether they belong together.
 * Used once, by one thread; in memory is one record of each.
 */
public final class MemberCheck {
    private final StoppedMember member;
    private final Findings findings;

    private MemberCheck(StoppedMember member, Findings findings) {
        this.member = member;
        this.findings = findings;
    }

    /** Says all there is to say to {@code findings}. */
    public static void run(StoppedMember member, Findings findings) throws IOException {
        new MemberCheck(member, findings).run();
    }

    private void run() throws IOException {
        AppliedState applied = content();
        Log log = log(applied == null ? 0 : applied.index());
        snapshots(log);
        if (log != null && applied != null) {
            compare(log, applied);
        }
        if (log != null && member.hasStore() && applied != null) {
            membership(log.contents().metadata(), applied);
        }
    }

    /** What the store ends with; null when that cannot be told. */
    private @Nullable AppliedState content() throws IOException {
        Optional<Path> database = member.database();
        if (database.isPresent() && member.hasStore()) {
            findings.fact(
                    database.get() + " lies beside " + member.lmdb() + ": the next start says which of them counts");
        }
        AppliedState applied = database.isPresent()
                ? DatabaseCheck.run(database.get(), findings).orElse(null)
                : null;
        if (member.hasStore()) {
            return store();
        }
        if (database.isEmpty()) {
            findings.problem("there is neither a store (" + member.lmdb() + ") nor a database ("
                    + member.snap().resolve("db") + ")");
        }
        return applied;
    }

    private @Nullable AppliedState store() throws IOException {
        Path place = member.lmdb();
        if (Files.size(place.resolve("data.mdb")) == 0) {
            // It would be taken for a place where a store is to be made.
            findings.problem(place.resolve("data.mdb") + " is empty");
            return null;
        }
        try {
            StoreInspection.Result result =
                    StoreInspection.run(StoreOptions.lmdb(place, 0), new StoreInspection.Listener() {
                        @Override
                        public void problem(String what) {
                            findings.problem(place + ": " + what);
                        }

                        @Override
                        public void at(String table, long done, long all) {
                            findings.at(table, done, all);
                        }
                    });
            findings.fact(place + ": " + result.records() + " records, " + result.keys() + " keys at revision "
                    + result.revision() + ", compacted up to " + result.compacted() + "; ends with entry "
                    + result.applied().index() + " of term " + result.applied().term());
            return result.problems() == 0 ? result.applied() : null;
        } catch (DamagedStoreException e) {
            findings.problem(place + ": " + e.damage());
        } catch (BackendException e) {
            findings.problem(place + ": " + e.getMessage());
        }
        return null;
    }

    /**
     * What was read of a log.
     *
     * @param start the newest place from which a member may start
     */
    private record Log(SnapshotMetadata start, WalContents contents, Reading reading) {}

    /** Hears the entries. */
    private static final class Reading implements LogSink {
        private final long wanted;
        long entries;

        /** The term of the entry that the store ends with; 0 where the log does not have it. */
        long termOfWanted;

        Reading(long wanted) {
            this.wanted = wanted;
        }

        @Override
        public void entry(Entry entry) {
            entries++;
            if (entry.index() <= wanted) {
                termOfWanted = entry.index() == wanted ? entry.term() : 0;
            }
        }

        @Override
        public void restart() {
            termOfWanted = 0;
        }
    }

    /** Reads every record of every segment; null when that ends before the end. */
    private @Nullable Log log(long appliedIndex) {
        Path place = member.wal();
        if (!Files.isDirectory(place)) {
            findings.problem("there is no log: " + place);
            return null;
        }
        try {
            findings.at("log", 0, 1);
            List<SnapshotMetadata> recorded = WalReader.validSnapshots(place);
            SnapshotMetadata start = recorded.isEmpty() ? SnapshotMetadata.EMPTY : recorded.get(recorded.size() - 1);
            Reading reading = new Reading(appliedIndex);
            WalContents contents;
            try (WalReader reader = WalReader.open(place, start.index(), start.term())) {
                contents = reader.read(reading);
            }
            findings.fact(place + ": " + contents.metadata() + "; " + reading.entries + " entries behind entry "
                    + start.index() + ", the last one " + contents.lastIndex() + "; committed up to "
                    + contents.hardState().commit());
            if (contents.torn()) {
                findings.fact(place + ": the last write was torn by a crash; the next start cuts it off,"
                        + " as nobody was told of it");
            }
            return new Log(start, contents, reading);
        } catch (IOException e) {
            findings.problem(e instanceof WalException ? String.valueOf(e.getMessage()) : place + ": " + e);
            return null;
        }
    }

    private void snapshots(@Nullable Log log) throws IOException {
        if (!Files.isDirectory(member.snap())) {
            return;
        }
        for (Path file : new SnapStore(member.snap()).unreadable()) {
            findings.problem(file + ": the snapshot does not match its checksum, or does not decode");
        }
        if (log == null || log.start().index() == 0) {
            return;
        }
        String name = String.format(
                "%016x-%016x.snap", log.start().term(), log.start().index());
        Path file = member.snap().resolve(name);
        if (!Files.exists(file)) {
            // Ours does without, because its store has the members; etcd does not.
            String what = file + " is missing, which the log names as its newest snapshot";
            if (member.hasStore()) {
                findings.fact(what + "; only an etcd would need it");
            } else {
                findings.problem(what);
            }
        }
    }

    private void compare(Log log, AppliedState applied) {
        long first = log.start().index();
        long last = log.contents().lastIndex();
        if (applied.index() > last) {
            findings.problem(member.wal() + ": the log ends at entry " + last + ", but the store holds entries up to "
                    + applied.index() + ": entries that were acknowledged are missing");
        } else if (applied.index() < first) {
            if (!Files.exists(new SnapStore(member.snap()).databaseFile(first))) {
                findings.problem(member.wal() + ": the log begins behind entry " + first
                        + ", but the store ends at entry " + applied.index());
            } else {
                findings.fact("a received snapshot is to take the store's place: entry " + first);
            }
        } else {
            long there = applied.index() == first ? log.start().term() : log.reading().termOfWanted;
            if (applied.index() > 0 && there != applied.term()) {
                findings.problem(member.wal() + ": entry " + applied.index() + " is of term " + there
                        + ", but the store ends with one of term " + applied.term()
                        + ": they do not belong together");
            }
        }
    }

    /** The member is one of its cluster. */
    private void membership(WalMetadata metadata, AppliedState applied) {
        try (MvccStore store = member.openStore()) {
            Cluster.View view = new Cluster(new Identity(metadata.clusterId(), metadata.nodeId()), store).view();
            if (applied.index() > 0 && view.member(metadata.nodeId()) == null) {
                findings.problem(
                        view.removed().contains(metadata.nodeId())
                                ? metadata + " was removed from its cluster, says the store"
                                : "the log is that of " + metadata + ", whom the store does not know");
            }
            findings.fact("members: " + view.members().size() + ", cluster version "
                    + (view.version() == null ? "not decided" : view.version()));
        } catch (UncheckedIOException | IllegalArgumentException | StartException e) {
            findings.problem(member.lmdb() + ": " + e.getMessage());
        }
    }
}
