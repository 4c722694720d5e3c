package dev.cairn.it.flags;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cairn.it.process.Command;
import dev.cairn.server.config.CommandLine;
import dev.cairn.server.config.Notice;
import dev.cairn.server.config.Outcome;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a process ended that could not start.
 *
 * @param exit its exit code
 * @param said the lines that tell the cause: of the usage the line before it, of the log message and error
 */
record Ending(int exit, List<String> said) {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Pattern MESSAGE =
            Pattern.compile("\"level\":\"(warn|fatal)\".*\"msg\":\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern ERROR = Pattern.compile("\"error\":\"((?:[^\"\\\\]|\\\\.)*)\"");

    /** Runs a process to its end. */
    static Ending of(Path program, List<String> arguments, Map<String, String> environment, Path directory) {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(arguments);
        Command.Result result =
                Command.start(command, environment, directory).input("").await(LIMIT);
        return new Ending(result.exit(), causes(result.err()));
    }

    /** Reads a command line in this process, as main would before it starts anything; null when it would start. */
    static @org.jspecify.annotations.Nullable Ending ofReading(
            List<String> arguments, Map<String, String> environment) {
        if (!(CommandLine.read(arguments, environment) instanceof Outcome.Exit exit)) {
            return null;
        }
        List<String> said = new ArrayList<>(causes(exit.stderr()));
        for (Notice notice : exit.notices()) {
            String error = notice.fields().stream()
                    .filter(field -> field.key().equals("error"))
                    .map(field -> ": " + field.value())
                    .findFirst()
                    .orElse("");
            if (notice.severity() != Notice.Severity.INFO && !error.isEmpty()) {
                said.add(notice.message() + error);
            }
        }
        return new Ending(exit.status(), said);
    }

    private static List<String> causes(String standardError) {
        List<String> said = new ArrayList<>();
        for (String line : standardError.lines().toList()) {
            if (!line.startsWith("{")) {
                // Usage or a stack trace follow.
                said.add(line);
                break;
            }
            Matcher message = MESSAGE.matcher(line);
            Matcher error = ERROR.matcher(line);
            if (message.find() && error.find()) {
                said.add(message.group(2) + ": " + unescaped(error.group(1)));
            }
        }
        return said;
    }

    private static String unescaped(String json) {
        return new String(
                json.replace("\\\"", "\"")
                        .replace("\\n", "\n")
                        .replace("\\t", "\t")
                        .replace("\\\\", "\\")
                        .getBytes(UTF_8),
                UTF_8);
    }
}
