package dev.cairn.etcdutl;

import dev.cairn.server.api.EtcdVersion;
import dev.cairn.server.api.StartException;
import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.GoSyntax;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The {@code etcdutl} command. Ends with 0, or with 1 and a line on standard error. */
@Command(
        name = "etcdutl",
        description = "Works on the files of a Cairn member that does not run.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {
            CheckCommand.class,
            DefragCommand.class,
            ExportCommand.class,
            HashKvCommand.class,
            SnapshotCommand.class,
            CommandLine.HelpCommand.class,
            Main.VersionCommand.class
        },
        synopsisSubcommandLabel = "COMMAND")
public final class Main {
    @Option(
            names = {"-w", "--write-out"},
            scope = CommandLine.ScopeType.INHERIT,
            paramLabel = "FORM",
            description = "The form of answers: simple, table, json or fields.",
            defaultValue = "simple")
    private String output = "";

    @Option(
            names = "--timeout",
            scope = CommandLine.ScopeType.INHERIT,
            paramLabel = "DURATION",
            description = "How long to wait for a server to let the files go, 0 for ever.",
            defaultValue = "10s")
    private String timeout = "";

    private Main() {}

    /** What is given to all commands alike. */
    static Main of(CommandLine.Model.CommandSpec spec) {
        return (Main) spec.root().userObject();
    }

    Duration timeout() throws ConfigException {
        return GoSyntax.duration(timeout);
    }

    Output output() throws CommandException {
        return Output.of(output);
    }

    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    static int run(String... arguments) {
        CommandLine line = new CommandLine(new Main());
        // The last one counts, as with etcd's tool.
        line.setOverwrittenOptionsAllowed(true);
        // Whatever the locale: frames of tables are no ASCII.
        line.setOut(new PrintWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8), true));
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            command.getErr().println("Error: " + reason(failure));
            return failure instanceof CommandException told ? told.exit() : CommandException.FAILURE;
        });
        line.setParameterExceptionHandler((failure, words) -> {
            CommandLine command = failure.getCommandLine();
            command.getErr().println("Error: " + failure.getMessage());
            command.usage(command.getErr());
            return CommandException.FAILURE;
        });
        if (arguments.length == 0) {
            line.usage(line.getOut());
            return 0;
        }
        return line.execute(arguments);
    }

    /** What is said of expected failures is made to be read; of others the kind matters too. */
    static String reason(Exception failure) {
        if (failure instanceof NoSuchFileException missing) {
            return missing.getFile() + ": no such file or directory";
        }
        // Of the exceptions of file systems the kind says what happened to the file, and the message only which.
        boolean told = failure instanceof StartException
                || failure instanceof CommandException
                || failure instanceof ConfigException
                || failure instanceof IOException && !(failure instanceof FileSystemException);
        return told ? String.valueOf(failure.getMessage()) : failure.toString();
    }

    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"etcdutl version: " + EtcdVersion.SERVER, "API version: " + EtcdVersion.API};
        }
    }

    @Command(name = "version", description = "Prints the version of etcdutl.")
    static final class VersionCommand implements Runnable {
        @CommandLine.Spec
        private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

        @Override
        public void run() {
            for (String each : new Version().getVersion()) {
                spec.commandLine().getOut().println(each);
            }
        }
    }
}
