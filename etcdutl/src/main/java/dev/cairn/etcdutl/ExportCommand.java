package dev.cairn.etcdutl;

import dev.cairn.server.bootstrap.HandBack;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Makes the data directory of a member one on which etcd starts. */
@Command(
        name = "export",
        description = {
            "Makes the data directory of a stopped Cairn member one on which etcd 3.7 starts.",
            "Writes etcd's database (member/snap/db) and sets Cairn's store aside (member/" + HandBack.SET_ASIDE
                    + "); the log is the same in both."
        },
        mixinStandardHelpOptions = true)
final class ExportCommand implements Callable<Integer> {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Option(names = "--data-dir", required = true, description = "The data directory, as etcd's flag of this name.")
    private Path dataDir = Path.of("");

    @Option(names = "--wal-dir", description = "The directory of the log, where it is not in the data directory.")
    private Optional<Path> walDir = Optional.empty();

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        HandBack.Result done;
        try (ProgressLine progress = new ProgressLine(spec.commandLine().getErr())) {
            done = HandBack.run(
                    dataDir, walDir.orElseGet(() -> dataDir.resolve("member").resolve("wal")), progress);
        }
        out.println("Wrote " + done.database() + ": entry " + done.applied().index() + " of term "
                + done.applied().term() + ", revision " + done.revision() + ".");
        out.println("Cairn's store is set aside as " + done.setAside() + "; remove it when etcd serves.");
        return 0;
    }
}
