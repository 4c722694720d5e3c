package dev.cairn.etcdutl;

import dev.cairn.mvcc.MvccStore;
import dev.cairn.server.backup.DatabaseFile;
import dev.cairn.server.backup.DatabaseWriter;
import dev.cairn.server.bootstrap.StoppedMember;
import dev.cairn.server.defragment.Defragmentation;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Gives the space back that a store does not use. */
@Command(
        name = "defrag",
        description = {
            "Copies the store of a stopped member, without the space it does not use, and puts the copy in its place.",
            "It needs room for the copy. Killed at any moment it leaves the one or the other, and nothing is lost."
        },
        mixinStandardHelpOptions = true)
final class DefragCommand implements Callable<Integer> {
    /** What begins like this is removed at the next start, by either server. */
    private static final String TEMPORARY = "db.tmp.defrag";

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Option(
            names = "--data-dir",
            required = true,
            description = "The data directory, as the server's flag of this name.")
    private Path dataDir = Path.of("");

    @Option(names = "--wal-dir", description = "The directory of the log, where it is not in the data directory.")
    private Optional<Path> walDir = Optional.empty();

    @Override
    public Integer call() throws Exception {
        try (StoppedMember member =
                StoppedMember.open(dataDir, walDir, Main.of(spec).timeout())) {
            Optional<Path> database = member.database();
            if (database.isPresent()) {
                rewrite(database.get());
            } else {
                try (MvccStore store = member.openStore()) {
                    new Defragmentation(store).run();
                }
            }
        } catch (Exception e) {
            throw new CommandException(
                    "Failed to defragment etcd data[" + dataDir + "] (" + Main.reason(e) + ")",
                    CommandException.FAILURE);
        }
        return 0;
    }

    /** A database of etcd's is written anew, which leaves no page free. */
    private void rewrite(Path database) throws IOException {
        Path copy = database.resolveSibling(TEMPORARY);
        Files.deleteIfExists(copy);
        try (ProgressLine progress = new ProgressLine(spec.commandLine().getErr());
                DatabaseFile content = DatabaseFile.open(database, true, progress)) {
            DatabaseWriter.write(content, copy, progress);
        } catch (IOException e) {
            Files.deleteIfExists(copy);
            throw e;
        }
        Files.move(copy, database, StandardCopyOption.ATOMIC_MOVE);
        Path directory = database.toAbsolutePath().getParent();
        if (directory != null) {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
