package dev.cairn.it.v2.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.ServerProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A script for {@code ETCDCTL_API=2 etcdctl}: one command a line, its arguments separated by blanks; behind {@code <} stands what is typed. In
 * arguments ID stands for the member's ID. Immutable.
 */
record CtlSession(List<String> lines) {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Map<String, String> V2 = Map.of("ETCDCTL_API", "2");

    static CtlSession of(String... lines) {
        return new CtlSession(Arrays.asList(lines));
    }

    /** What a command wrote and how it ended, with the same words for what differs between any two servers. */
    record Step(String line, int exit, String out, String err) {}

    /** Runs all of it against a server of one member. */
    List<Step> run(ServerProcess server, UnaryOperator<String> normal) {
        List<Step> steps = new ArrayList<>();
        String id = Exchange.memberId(server);
        for (String line : lines) {
            String[] parts = line.split(" < ", 2);
            Command.Result result = run(server, parts[0].replace("ID", id), parts.length == 1 ? "" : parts[1] + "\n");
            steps.add(new Step(
                    line,
                    result.exit(),
                    normal.apply(Exchange.normal(server, result.out())),
                    normal.apply(Exchange.normal(server, withoutTerminal(result.err())))));
        }
        return steps;
    }

    /** There is none to switch the echo of. */
    private static String withoutTerminal(String text) {
        return text.lines().filter(line -> !line.contains("stty")).reduce("", (some, line) -> some + line + "\n");
    }

    static Command.Result run(ServerProcess server, String arguments, String typed) {
        return start(server, arguments).input(typed).await(LIMIT);
    }

    /** Starts a command that waits for something. */
    static Command start(ServerProcess server, String arguments) {
        List<String> command =
                new ArrayList<>(List.of(Etcd34Programs.etcdctl().toString(), "--endpoints", server.clientUrl()));
        Matcher words = Pattern.compile("'([^']*)'|(\\S+)").matcher(arguments);
        while (words.find()) {
            command.add(words.group(1) == null ? words.group(2) : words.group(1));
        }
        return Command.start(command, V2, Path.of("").toAbsolutePath());
    }

    /** Runs it against both and compares step by step. */
    void compare(ServerProcess real, ServerProcess ours, UnaryOperator<String> normal) {
        List<Step> expected = run(real, normal);
        assertThat(run(ours, normal)).containsExactlyElementsOf(expected);
    }
}
