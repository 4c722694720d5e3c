package dev.cairn.etcdutl;

import dev.cairn.server.bootstrap.StoppedMember;
import dev.cairn.server.check.DatabaseCheck;
import dev.cairn.server.check.Findings;
import dev.cairn.server.check.MemberCheck;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Looks through files and says what is wrong with them. */
@Command(
        name = "check",
        description = {
            "Looks through a stopped member's data directory, a snapshot or a database: every record of every table, every page,",
            "every entry of the log; their checksums, and what they say of each other. Nothing is changed.",
            "Ends with 0 when all is sound, with 1 when something is wrong."
        },
        mixinStandardHelpOptions = true)
final class CheckCommand implements Callable<Integer> {
    /** More problems than that are only counted. */
    private static final int SHOWN_MAX = 100;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Parameters(paramLabel = "DATA_DIR|FILE", description = "The data directory, snapshot or database.")
    private Path place = Path.of("");

    @Option(names = "--wal-dir", description = "The directory of the log, where it is not in the data directory.")
    private Optional<Path> walDir = Optional.empty();

    @Override
    public Integer call() throws Exception {
        if (!Files.exists(place)) {
            throw new CommandException("stat " + place + ": no such file or directory", CommandException.FAILURE);
        }
        PrintWriter out = spec.commandLine().getOut();
        Shown shown = new Shown(out, spec.commandLine().getErr());
        if (Files.isDirectory(place)) {
            try (StoppedMember member =
                    StoppedMember.open(place, walDir, Main.of(spec).timeout())) {
                MemberCheck.run(member, shown);
            }
        } else {
            DatabaseCheck.run(place, shown);
        }
        shown.close();
        if (shown.problems > SHOWN_MAX) {
            out.println("... and " + (shown.problems - SHOWN_MAX) + " more");
        }
        out.println(shown.problems == 0 ? "sound" : "problems: " + shown.problems);
        return shown.problems == 0 ? 0 : CommandException.FAILURE;
    }

    private static final class Shown implements Findings, AutoCloseable {
        private final PrintWriter out;
        private final ProgressLine progress;
        long problems;

        Shown(PrintWriter out, PrintWriter err) {
            this.out = out;
            this.progress = new ProgressLine(err);
        }

        @Override
        public void problem(String what) {
            if (++problems <= SHOWN_MAX) {
                progress.close();
                out.println("PROBLEM " + what);
            }
        }

        @Override
        public void fact(String what) {
            progress.close();
            out.println("        " + what);
        }

        @Override
        public void at(String step, long done, long all) {
            progress.at(step, done, all);
        }

        @Override
        public void close() {
            progress.close();
        }
    }
}
