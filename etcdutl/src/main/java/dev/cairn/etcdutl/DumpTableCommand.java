package dev.cairn.etcdutl;

import com.google.protobuf.ByteString;
import dev.cairn.bbolt.BoltBucket;
import dev.cairn.bbolt.BoltCursor;
import dev.cairn.bbolt.BoltFile;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreImage;
import dev.cairn.server.bootstrap.StoppedMember;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows the records of a table. */
@Command(
        name = "table",
        description = {
            "Shows the records of a table of a stopped member's store, of a snapshot or of a database, under etcd's names:",
            "alarm, auth, authRoles, authUsers, cluster, key, lease, members, members_removed, meta. No passwords are shown."
        },
        mixinStandardHelpOptions = true)
final class DumpTableCommand implements Callable<Integer> {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Parameters(index = "0", paramLabel = "DATA_DIR|FILE", description = "The data directory, snapshot or database.")
    private Path place = Path.of("");

    @Parameters(index = "1", paramLabel = "TABLE", description = "The table.")
    private String table = "";

    @Option(
            names = "--from",
            description = "The first record: a revision for 'key', an ID in hex for 'lease', a text for others.")
    private Optional<String> from = Optional.empty();

    @Option(names = "--to", description = "The last record.")
    private Optional<String> to = Optional.empty();

    @Option(names = "--limit", description = "At most so many records, 0 for all.", defaultValue = "100")
    private long limit;

    private Output output = Output.SIMPLE;
    private byte @Nullable [] first;
    private byte @Nullable [] last;
    private long count;

    @Override
    public Integer call() throws Exception {
        output = Fields.checked(Main.of(spec).output());
        first = from.isPresent() ? TableRecord.keyOf(table, from.get()) : null;
        last = to.isPresent() ? TableRecord.keyOf(table, to.get()) : null;
        if (!Files.exists(place)) {
            throw new CommandException("stat " + place + ": no such file or directory", CommandException.FAILURE);
        }
        boolean whole;
        if (Files.isDirectory(place)) {
            try (StoppedMember member =
                    StoppedMember.open(place, Optional.empty(), Main.of(spec).timeout())) {
                Optional<Path> database = member.database();
                whole = database.isPresent() ? ofFile(database.get()) : ofStore(member);
            }
        } else {
            whole = ofFile(place);
        }
        if (!whole) {
            spec.commandLine().getErr().println("There is more: see --limit and --from.");
        }
        return 0;
    }

    private CommandException noSuchTable() {
        return new CommandException("there is no table '" + table + "'", CommandException.FAILURE);
    }

    private boolean ofFile(Path path) throws Exception {
        try (BoltFile file = BoltFile.open(path)) {
            BoltBucket bucket = file.root().bucket(table);
            if (bucket == null) {
                throw noSuchTable();
            }
            BoltCursor cursor = bucket.cursor();
            byte[] start = first;
            boolean found = start == null ? cursor.next() : cursor.seek(start);
            for (; found; found = cursor.next()) {
                if (cursor.isBucket()) {
                    throw new IOException(path + " has a bucket within a bucket: it is no database of etcd's");
                }
                byte[] key = cursor.key();
                if (isBehind(key)) {
                    return true;
                }
                if (!show(key, cursor.value())) {
                    return false;
                }
            }
            return true;
        }
    }

    private boolean ofStore(StoppedMember member) throws Exception {
        try (MvccStore store = member.openStore();
                StoreImage image = store.image()) {
            for (StoreImage.Bucket bucket : image.buckets()) {
                if (bucket.name().equals(table)) {
                    return bucket.revisions() ? revisions(image) : pairs(bucket);
                }
            }
            throw noSuchTable();
        }
    }

    private boolean pairs(StoreImage.Bucket bucket) throws IOException {
        for (StoreImage.Pair pair : bucket.pairs()) {
            if (!showIfWanted(pair)) {
                return false;
            }
        }
        return true;
    }

    private boolean revisions(StoreImage image) throws IOException {
        List<StoreImage.Pair> piece = new ArrayList<>();
        while (image.next(piece::add)) {
            for (StoreImage.Pair pair : piece) {
                if (!showIfWanted(pair)) {
                    return false;
                }
            }
            if (isBehind(bytes(piece.get(piece.size() - 1).key()))) {
                return true;
            }
            piece.clear();
        }
        return true;
    }

    private boolean showIfWanted(StoreImage.Pair pair) throws IOException {
        byte[] key = bytes(pair.key());
        byte[] start = first;
        boolean wanted = (start == null || Arrays.compareUnsigned(key, start) >= 0) && !isBehind(key);
        return !wanted || show(key, bytes(pair.value()));
    }

    private static byte[] bytes(ByteBuffer from) {
        byte[] copy = new byte[from.remaining()];
        from.duplicate().get(copy);
        return copy;
    }

    /** A record that begins with the last key is still wanted: a revision has parts. */
    private boolean isBehind(byte[] key) {
        byte[] end = last;
        return end != null && Arrays.compareUnsigned(key, 0, Math.min(key.length, end.length), end, 0, end.length) > 0;
    }

    /** Answers false when there were enough. */
    private boolean show(byte[] key, byte[] value) throws IOException {
        if (limit > 0 && count == limit) {
            return false;
        }
        count++;
        PrintWriter out = spec.commandLine().getOut();
        out.println(TableRecord.fields(table, ByteString.copyFrom(key), ByteString.copyFrom(value))
                .shown(output));
        return true;
    }
}
