package dev.cairn.etcdutl;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.raftpb.ConfChange;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.api.RequestText;
import dev.cairn.wal.LogSink;
import dev.cairn.wal.WalException;
import dev.cairn.wal.WalReader;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows the entries of a log. */
@Command(
        name = "log",
        description = {
            "Shows the entries of a log in the order in which they were written; a later one of an index replaces those before it.",
            "Of requests it shows keys and numbers, but no values and no passwords. A server may run meanwhile."
        },
        mixinStandardHelpOptions = true)
final class DumpLogCommand implements Callable<Integer> {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Parameters(paramLabel = "DATA_DIR", description = "The data directory.")
    private Path dataDir = Path.of("");

    @Option(names = "--wal-dir", description = "The directory of the log, where it is not in the data directory.")
    private Optional<Path> walDir = Optional.empty();

    @Option(names = "--from", description = "The first index.", defaultValue = "0")
    private long from;

    @Option(names = "--to", description = "The last index.", defaultValue = "" + Long.MAX_VALUE)
    private long to;

    @Option(names = "--limit", description = "At most so many entries, 0 for all.", defaultValue = "100")
    private long limit;

    /** Enough was shown. */
    private static final class Enough extends RuntimeException {
        private static final long serialVersionUID = 1;

        Enough() {
            super("enough", null, false, false);
        }
    }

    @Override
    public Integer call() throws Exception {
        Output output = Fields.checked(Main.of(spec).output());
        Path wal = walDir.orElseGet(() -> dataDir.resolve("member").resolve("wal"));
        if (!Files.isDirectory(wal)) {
            throw new CommandException("there is no log: " + wal, CommandException.FAILURE);
        }
        PrintWriter out = spec.commandLine().getOut();
        LogSink shown = new LogSink() {
            private long count;

            @Override
            public void entry(Entry entry) {
                if (entry.index() < from || entry.index() > to) {
                    return;
                }
                if (limit > 0 && count++ == limit) {
                    throw new Enough();
                }
                out.println(fields(entry).shown(output));
            }

            @Override
            public void restart() {
                // What was shown stays shown: the description says so.
            }
        };
        SnapshotMetadata start = start(wal);
        try (WalReader reader = WalReader.open(wal, start.index(), start.term())) {
            reader.read(shown);
        } catch (Enough e) {
            spec.commandLine().getErr().println("There is more: see --limit and --from.");
        }
        return 0;
    }

    /** The oldest place from which the log can be read. */
    private static SnapshotMetadata start(Path wal) throws Exception {
        List<SnapshotMetadata> places = new ArrayList<>(List.of(SnapshotMetadata.EMPTY));
        places.addAll(WalReader.validSnapshots(wal));
        for (SnapshotMetadata place : places) {
            try (WalReader reader = WalReader.open(wal, place.index(), place.term())) {
                reader.read(UNHEARD);
                return place;
            } catch (WalException.NotFound | WalException.SnapshotNotFound e) {
                // Older segments were purged; the next place may be there.
                continue;
            }
        }
        throw new CommandException(
                "the log in " + wal + " holds none of the places that it can be read from", CommandException.FAILURE);
    }

    private static final LogSink UNHEARD = new LogSink() {
        @Override
        public void entry(Entry entry) {}

        @Override
        public void restart() {}
    };

    private static Fields fields(Entry entry) {
        Fields fields = new Fields()
                .number("index", entry.index())
                .number("term", entry.term())
                .text("type", entry.type().wireName())
                .number("bytes", entry.data().size());
        if (entry.data().isEmpty()) {
            return fields;
        }
        try {
            if (entry.type() == EntryType.NORMAL) {
                return fields.text("request", RequestText.of(InternalRaftRequest.parseFrom(entry.data())));
            }
            if (entry.type() == EntryType.CONF_CHANGE) {
                ConfChange change = ConfChange.parseFrom(entry.data());
                return fields.text("change", change.getType().name())
                        .text("member", Long.toHexString(change.getNodeId()))
                        .text("context", change.getContext().toStringUtf8());
            }
            return fields.bytes("data", entry.data());
        } catch (InvalidProtocolBufferException e) {
            return fields.text("error", String.valueOf(e.getMessage()));
        }
    }
}
