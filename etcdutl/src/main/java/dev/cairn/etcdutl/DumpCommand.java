package dev.cairn.etcdutl;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Shows what files hold. */
@Command(
        name = "dump",
        description = "Shows the content of the log or of a table, a line each, or a JSON object each with -w json.",
        mixinStandardHelpOptions = true,
        subcommands = {CommandLine.HelpCommand.class, DumpLogCommand.class, DumpTableCommand.class})
final class DumpCommand implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
