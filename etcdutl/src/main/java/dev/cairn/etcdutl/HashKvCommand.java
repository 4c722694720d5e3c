package dev.cairn.etcdutl;

import dev.cairn.mvcc.HashKv;
import dev.cairn.mvcc.KvException;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.backup.DatabaseHash;
import dev.cairn.server.bootstrap.StoppedMember;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tells the digest of the key-values. */
@Command(
        name = "hashkv",
        description = {
            "Tells the digest of all key-values of a snapshot, of a database or of the store in a data directory.",
            "It is that of 'etcdctl endpoint hashkv', up to the entry of the log with which the store ends."
        },
        mixinStandardHelpOptions = true)
final class HashKvCommand implements Callable<Integer> {
    private static final List<String> TITLES = List.of("HASH", "HASH REVISION", "COMPACT REVISION");

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Parameters(paramLabel = "FILE|DATA_DIR", description = "The snapshot, database or data directory.")
    private Path place = Path.of("");

    @Option(names = "--rev", description = "Up to this revision; the newest one if none is given.", defaultValue = "0")
    private long revision;

    @Override
    public Integer call() throws Exception {
        Output output = Main.of(spec).output();
        if (!Files.exists(place)) {
            throw new CommandException("stat " + place + ": no such file or directory", CommandException.FAILURE);
        }
        HashKv hash;
        try {
            hash = Files.isDirectory(place) ? ofDirectory() : ofFile(place);
        } catch (KvException e) {
            throw new CommandException(EtcdError.of(e).message().replace("etcdserver: ", ""), CommandException.FAILURE);
        }
        PrintWriter out = spec.commandLine().getOut();
        String digest = Integer.toUnsignedString(hash.hash());
        String at = Long.toString(hash.hashRevision());
        String compacted = Long.toString(hash.compactRevision());
        switch (output) {
            case SIMPLE -> out.println(digest + ", " + at + ", " + compacted);
            case TABLE -> Table.print(out, TITLES, List.of(digest, at, compacted));
            case JSON ->
                out.println(
                        "{\"hash\":" + digest + ",\"hashRevision\":" + at + ",\"compactRevision\":" + compacted + "}");
            case FIELDS -> {
                out.println("\"Hash\" : " + digest);
                out.println("\"Hash revision\" : " + at);
                out.println("\"Compact revision\" : " + compacted);
            }
        }
        return 0;
    }

    private HashKv ofFile(Path file) throws Exception {
        try (ProgressLine progress = new ProgressLine(spec.commandLine().getErr())) {
            return DatabaseHash.of(file, revision, progress);
        }
    }

    private HashKv ofDirectory() throws Exception {
        try (StoppedMember member =
                StoppedMember.open(place, Optional.empty(), Main.of(spec).timeout())) {
            if (member.database().isPresent()) {
                return ofFile(member.database().get());
            }
            try (MvccStore store = member.openStore()) {
                return store.hashKv(revision);
            }
        }
    }
}
