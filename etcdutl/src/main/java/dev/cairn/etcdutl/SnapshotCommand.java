package dev.cairn.etcdutl;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Commands for snapshot files. */
@Command(
        name = "snapshot",
        description = "Works on snapshot files.",
        mixinStandardHelpOptions = true,
        subcommands = {CommandLine.HelpCommand.class, SnapshotCommand.Status.class, SnapshotRestoreCommand.class})
final class SnapshotCommand implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    @Command(
            name = "status",
            description = "Tells hash, revision, number of keys, size and storage version of a snapshot file.",
            mixinStandardHelpOptions = true)
    static final class Status implements Callable<Integer> {
        private static final List<String> TITLES = List.of("HASH", "REVISION", "TOTAL KEYS", "TOTAL SIZE", "VERSION");

        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

        @Parameters(
                paramLabel = "FILE",
                arity = "0..*",
                description = "The snapshot, or the database of a stopped etcd.")
        private List<Path> files = List.of();

        @Override
        public Integer call() throws Exception {
            if (files.size() != 1) {
                throw new CommandException(
                        "snapshot status requires exactly one argument", CommandException.BAD_ARGUMENTS);
            }
            Path file = files.get(0);
            if (!Files.exists(file)) {
                throw new CommandException("stat " + file + ": no such file or directory", CommandException.FAILURE);
            }
            Output output = Main.of(spec).output();
            SnapshotStatus status = SnapshotStatus.of(file);
            PrintWriter out = spec.commandLine().getOut();
            long hash = Integer.toUnsignedLong(status.hash());
            List<String> row = List.of(
                    Long.toHexString(hash),
                    Long.toString(status.revision()),
                    Integer.toString(status.keys()),
                    humanBytes(status.bytes()),
                    status.version());
            switch (output) {
                case SIMPLE -> out.println(String.join(", ", row));
                case TABLE -> Table.print(out, TITLES, row);
                case JSON ->
                    out.printf(
                            "{\"hash\":%d,\"revision\":%d,\"totalKey\":%d,\"totalSize\":%d,\"version\":\"%s\"}%n",
                            hash, status.revision(), status.keys(), status.bytes(), status.version());
                case FIELDS -> {
                    out.println("\"Hash\" : " + hash);
                    out.println("\"Revision\" : " + status.revision());
                    out.println("\"Keys\" : " + status.keys());
                    out.println("\"Size\" : " + status.bytes());
                    out.println("\"Version\" : " + status.version());
                }
            }
            return 0;
        }

        /** As etcd's tools write sizes: powers of a thousand, and one digit more below ten. */
        static String humanBytes(long bytes) {
            if (bytes < 10) {
                return bytes + " B";
            }
            String[] units = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
            int unit = 0;
            double value = bytes;
            while (value >= 1000 && unit < units.length - 1) {
                value /= 1000;
                unit++;
            }
            double tenths = Math.floor(value * 10 + 0.5) / 10;
            // Halves go to the even neighbour there.
            return tenths < 10
                    ? String.format(Locale.ROOT, "%.1f %s", tenths, units[unit])
                    : (long) Math.rint(tenths) + " " + units[unit];
        }
    }
}
