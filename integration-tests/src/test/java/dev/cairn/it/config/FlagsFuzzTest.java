package dev.cairn.it.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.server.config.CommandLine;
import dev.cairn.server.config.Outcome;
import dev.cairn.testing.Seed;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: every command line is taken or refused as etcd does it, with its words. Method: random flags with random values before two words that
 * are no flags, so that nothing ever starts. A failure names the seed; {@code -Dcairn.seed=N} runs it again, {@code
 * -Dcairn.fuzz.calls=N} makes more calls.
 */
@Tag("oracle")
@Timeout(7200)
class FlagsFuzzTest {
    private static final int CALLS = Integer.getInteger("cairn.fuzz.calls", 150);
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Pattern FLAG = Pattern.compile("(?m)^ +--([a-z0-9-]+)");
    private static final Pattern REFUSED = Pattern.compile("\"error\":\"((?:[^\"\\\\]|\\\\.)*)\"");

    private static final String[] VALUES = {
        "",
        "0",
        "1",
        "-1",
        "+1",
        "true",
        "false",
        "TRUE",
        "t",
        "F",
        "x",
        "5s",
        "1h30m",
        "-5ms",
        "1.5s",
        "5",
        "1e3",
        "0x10",
        "1_0",
        "99999999999999999999",
        "9223372036854775807",
        "4294967296",
        "http://127.0.0.1:2379",
        "https://localhost:2379,http://[::1]:1",
        "unix:///tmp/x",
        "unixs://a:1",
        "http://a:1/b",
        "http://:0",
        "http://1.2.3.4",
        "ftp://a:1",
        "//",
        "http://a:1,",
        "a=http://a:1",
        "a=b,c=d",
        "=,=,",
        ",",
        "new",
        "existing",
        "exit",
        "proxy",
        "stderr",
        "TLS1.2",
        "TLS1.3",
        "TLS1.1",
        "periodic",
        "revision",
        "info",
        "json",
        "zap",
        "not-yet",
        "gone",
        "\u00e4",
        " ",
        "*",
        "%zz",
        "A=true",
        "A=true,B=x",
        "AllAlpha=true"
    };

    /** Two answer before anything else is looked at, and two are in etcd's help only; here they have a meaning. */
    private static final Set<String> NOT_ASKED = Set.of("version", "help", "discovery", "discovery-proxy");

    @TempDir
    Path directory;

    @Test
    void shouldTakeAndRefuseTheSame() {
        long seed = Seed.choose();
        Random random = new Random(seed);
        List<String> names = new ArrayList<>(new TreeSet<>(names()));
        assertThat(names).as("flags of etcd").hasSizeGreaterThan(80);
        List<String> differences = new ArrayList<>();
        int taken = 0;
        for (int i = 0; i < CALLS; i++) {
            List<String> arguments = arguments(random, names);
            String expected = byEtcd(arguments);
            String actual = byUs(arguments);
            taken += expected.contains("is not a valid flag") ? 1 : 0;
            if (!actual.equals(expected)) {
                differences.add(arguments + "\n  ours: " + actual + "\n  real: " + expected);
            }
        }
        assertThat(String.join("\n", differences)).as(Seed.replay(seed)).isEmpty();
        assertThat(taken)
                .as("command lines that are taken, or the test shows little")
                .isPositive();
    }

    private static List<String> names() {
        String help = Command.run(List.of(Programs.real("etcd").toString(), "--help"), LIMIT)
                .success();
        List<String> names = new ArrayList<>();
        Matcher matcher = FLAG.matcher(help);
        while (matcher.find()) {
            if (!NOT_ASKED.contains(matcher.group(1))) {
                names.add(matcher.group(1));
            }
        }
        return names;
    }

    private static List<String> arguments(Random random, List<String> names) {
        List<String> arguments = new ArrayList<>();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            String name = names.get(random.nextInt(names.size()));
            String value = VALUES[random.nextInt(VALUES.length)];
            switch (random.nextInt(8)) {
                case 0 -> arguments.add("-" + name + "=" + value);
                case 1, 2, 3 -> arguments.add("--" + name + "=" + value);
                case 4, 5 -> arguments.addAll(List.of("--" + name, value));
                case 6 -> arguments.add("--" + name);
                default ->
                    arguments.add(List.of("---" + name, "--" + name + "x", "-", "--", "--=" + value, "-" + value)
                            .get(random.nextInt(6)));
            }
        }
        // A flag may take the first of them for its value.
        arguments.addAll(List.of("stray", "word"));
        return arguments;
    }

    private String byEtcd(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(Programs.real("etcd").toString()));
        command.addAll(arguments);
        Command.Result result =
                Command.start(command, Map.of(), directory).input("").await(LIMIT);
        if (result.exit() == 2) {
            return "2 " + result.err().lines().findFirst().orElse("");
        }
        Matcher refused = REFUSED.matcher(result.err());
        return result.exit() + " " + (refused.find() ? refused.group(1).replace("\\\"", "\"") : result.err());
    }

    private static String byUs(List<String> arguments) {
        Outcome outcome = CommandLine.read(arguments, Map.of());
        if (!(outcome instanceof Outcome.Exit exit)) {
            return "starts";
        }
        if (exit.status() == 2) {
            return "2 " + exit.stderr().lines().findFirst().orElse("");
        }
        return exit.status() + " "
                + exit.notices().get(exit.notices().size() - 1).fields().stream()
                        .filter(field -> field.key().equals("error"))
                        .map(field -> String.valueOf(field.value()))
                        .findFirst()
                        .orElse("");
    }
}
