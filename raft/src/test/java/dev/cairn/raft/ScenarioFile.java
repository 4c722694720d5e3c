package dev.cairn.raft;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A text of commands and what they must print, as etcd's data-driven tests have it:
 *
 * <pre>
 *   # comment
 *   command argument key=value key=(value,value)
 *   input, any number of lines
 *   ----
 *   expected output, up to an empty line
 * </pre>
 */
final class ScenarioFile {
    /** A command with everything that belongs to it. */
    record Command(int line, String name, List<Argument> arguments, String input) {
        /** The values of an argument with this key, null if it is not there. */
        @Nullable
        List<String> valuesOrNull(String key) {
            for (Argument argument : arguments) {
                if (argument.key().equals(key)) {
                    return argument.values();
                }
            }
            return null;
        }

        String value(String key, String otherwise) {
            List<String> values = valuesOrNull(key);
            return values == null ? otherwise : values.get(0);
        }

        boolean flag(String key) {
            return Boolean.parseBoolean(value(key, "false"));
        }

        /** The position of a node: the first argument counts from one. */
        int firstNode() {
            return Integer.parseInt(arguments.get(0).key()) - 1;
        }

        /** All arguments without a value, as positions of nodes. */
        List<Integer> nodes() {
            List<Integer> nodes = new ArrayList<>();
            for (Argument argument : arguments) {
                if (argument.values().isEmpty()) {
                    nodes.add(Integer.parseInt(argument.key()) - 1);
                }
            }
            return nodes;
        }
    }

    /** {@code key}, {@code key=value} or {@code key=(value,value)}. */
    record Argument(String key, List<String> values) {}

    private final List<String> lines;

    ScenarioFile(String text) {
        this.lines = text.lines().toList();
    }

    /** What the file would be if everything printed were expected. A correct run gives the file itself. */
    String run(Function<Command, String> runner) {
        StringBuilder result = new StringBuilder();
        int at = 0;
        while (at < lines.size()) {
            String line = lines.get(at);
            if (line.isBlank() || line.startsWith("#")) {
                result.append(line).append('\n');
                at++;
                continue;
            }
            int start = at;
            StringBuilder input = new StringBuilder();
            while (!lines.get(at).equals("----")) {
                result.append(lines.get(at)).append('\n');
                if (at > start) {
                    input.append(lines.get(at)).append('\n');
                }
                at++;
            }
            result.append("----\n");
            at++;
            while (at < lines.size() && !lines.get(at).isEmpty()) {
                at++;
            }
            List<Argument> words = split(line);
            Command command =
                    new Command(start + 1, words.get(0).key(), words.subList(1, words.size()), input.toString());
            String output;
            try {
                output = runner.apply(command);
            } catch (RuntimeException e) {
                throw new IllegalStateException("line " + command.line() + ": " + line, e);
            }
            result.append(output);
            if (!output.isEmpty() && !output.endsWith("\n")) {
                result.append('\n');
            }
        }
        return result.toString();
    }

    private static List<Argument> split(String line) {
        List<Argument> words = new ArrayList<>();
        int at = 0;
        while (at < line.length()) {
            if (line.charAt(at) == ' ') {
                at++;
                continue;
            }
            int start = at;
            int depth = 0;
            while (at < line.length() && (depth > 0 || line.charAt(at) != ' ')) {
                if (line.charAt(at) == '(') {
                    depth++;
                } else if (line.charAt(at) == ')') {
                    depth--;
                }
                at++;
            }
            String word = line.substring(start, at);
            int equals = word.indexOf('=');
            if (equals < 0) {
                words.add(new Argument(word, List.of()));
                continue;
            }
            String value = word.substring(equals + 1);
            List<String> values = new ArrayList<>();
            if (value.startsWith("(")) {
                String inner = value.substring(1, value.length() - 1);
                for (String part : inner.isBlank() ? new String[0] : inner.split(",")) {
                    values.add(part.strip());
                }
            } else {
                values.add(value);
            }
            words.add(new Argument(word.substring(0, equals), values));
        }
        return words;
    }
}
