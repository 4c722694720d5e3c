package dev.cairn.server.config;

import dev.cairn.server.config.Option.Kind;
import dev.cairn.server.config.Option.Section;

/** Pure functions: the usage block and the list of flags, both rendered from the option table. */
final class HelpText {
    private HelpText() {}

    /** Goes to standard error with {@code --help} and behind every mistake on the command line. */
    static String usage() {
        return """
                Usage:

                  etcd [flags]
                    Start an etcd server.

                  etcd --version
                    Show the version of etcd.

                  etcd -h | --help
                    Show the help information about etcd.

                  etcd --config-file
                    Path to the server configuration file. When it is given, all other flags and ETCD_* variables are ignored.
                    Durations in the file are whole nanoseconds (600000000000 for 10m); heartbeat-interval and
                    election-timeout are milliseconds, as on the command line.

                """;
    }

    /** Goes to standard output with {@code --help}. */
    static String flags() {
        StringBuilder text = new StringBuilder(16 * 1024);
        for (Section section : Section.values()) {
            if (section == Section.UNLISTED) {
                continue;
            }
            text.append('\n').append(section.heading).append('\n');
            for (Option<?> option : Options.all()) {
                if (option.section == section) {
                    append(text, option);
                }
            }
        }
        text.append("\nUnsafe features may break the guarantees that the consensus protocol gives.\n");
        return text.toString();
    }

    private static void append(StringBuilder text, Option<?> option) {
        text.append("  --")
                .append(option.name)
                .append(" '")
                .append(option.defaultText)
                .append("'\n");
        text.append("    ").append(option.help).append('\n');
        if (option.kind == Kind.GATES) {
            for (FeatureGate.Stage stage : FeatureGate.Stage.values()) {
                appendGate(text, stage.all(), stage, false);
            }
            for (FeatureGate gate : FeatureGate.values()) {
                appendGate(text, gate.gateName(), gate.stage(), gate.onByDefault());
            }
        }
        switch (option.effect) {
            case EFFECTIVE -> {}
            case NOT_YET ->
                text.append("    (No effect yet: ").append(option.reason).append(".)\n");
            case MEANINGLESS ->
                text.append("    (No effect: ").append(option.reason).append(".)\n");
            case REFUSED -> text.append("    (Refused: ").append(option.reason).append(".)\n");
        }
    }

    private static void appendGate(StringBuilder text, String name, FeatureGate.Stage stage, boolean onByDefault) {
        text.append("    ")
                .append(name)
                .append("=true|false (")
                .append(stage.name())
                .append(" - default=")
                .append(onByDefault)
                .append(")\n");
    }
}
