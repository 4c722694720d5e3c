package dev.cairn.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.testing.Seed;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: whatever stands on the command line, in the environment or in the file, reading it ends with a configuration or with a reason.
 * Method: random options with random and damaged values. A failure names the seed; {@code -Dcairn.seed=N} runs it again, {@code
 * -Dcairn.fuzz.seconds=N} goes on for longer.
 */
@Timeout(7200)
class OptionsFuzzTest {
    private static final int CASES = 1_000;
    private static final long SECONDS = Long.getLong("cairn.fuzz.seconds", 0);

    private static final String[] VALUES = {
        "",
        "0",
        "1",
        "-1",
        "true",
        "false",
        "TRUE",
        "t",
        "x",
        "5s",
        "1h30m",
        "-5ms",
        "99999999999999999999",
        "0x10",
        "1_0",
        "1e3",
        "NaN",
        "http://127.0.0.1:0",
        "https://localhost:2379,http://[::1]:1",
        "unix:///tmp/x",
        "http://a:1/b",
        "http://:0",
        "//",
        "a=http://a:1",
        "a=b,c=d",
        "=,=,",
        ",",
        "stderr",
        "TLS1.2",
        "TLS1.3",
        "periodic",
        "info",
        "\u0000",
        "\ud800",
        "\u00e4",
        " ",
        "\t",
        "*",
        "%zz",
        "jwt,pub-key=x,sign-method=RS256",
        "{}",
        "[]",
        "[1, {a: b}]",
        "!!java.net.URL [x]",
        "&a [*a]",
        "|",
        ">",
        "'",
        "\"",
        "- a",
        "? b",
        "1.5",
        "null",
        "~",
        "2020-01-01",
        ".inf",
        "0b1",
        "0o7",
        "1:30",
        "1:9999999999999999999",
        "!!int x",
        "!!float x",
        "!!binary '@'",
        "!!set [a]",
        "!!omap {a: b}",
        "!!timestamp x",
        "!!pairs x",
        "!!null x",
        "!!bool x",
        "x".repeat(5_000)
    };

    private static final String[] SNIPPETS = {
        ":", " ", "\n", "-", "{", "}", "[", "]", "\"", "'", "#", "&", "*", "!", "|", ">", "%", "@", "`", "\t", ",",
        "\u0000", "\ufeff", "  "
    };

    private final long seed = Seed.choose();
    private final Random random = new Random(seed);
    private final List<Option<?>> options = Options.all();

    @TempDir
    Path directory;

    @Test
    void shouldReadFlagsAndVariablesToAnEnd() {
        int[] starts = {0};
        repeat(number -> {
            List<String> arguments = new ArrayList<>();
            Map<String, String> environment = new HashMap<>();
            for (int i = random.nextInt(4); i > 0; i--) {
                Option<?> option = any();
                String value = value();
                switch (random.nextInt(5)) {
                    case 0 -> arguments.add("-" + option.name + "=" + value);
                    case 1 -> arguments.add("--" + option.name + "=" + value);
                    case 2 -> arguments.addAll(List.of("--" + option.name, value));
                    case 3 -> environment.put(option.environmentName(), value);
                    default -> arguments.add(damaged("--" + option.name + "=" + value));
                }
            }
            check(number + " " + arguments + environment, CommandLine.read(arguments, environment), starts);
        });
        assertThat(starts[0]).as("some of them start, or the test shows little").isPositive();
    }

    @Test
    void shouldReadFilesToAnEnd() {
        Path file = directory.resolve("etcd.yaml");
        int[] starts = {0};
        repeat(number -> {
            StringBuilder yaml = new StringBuilder();
            for (int i = random.nextInt(6); i > 0; i--) {
                String key = any().fileKey;
                yaml.append(key == null ? "unknown" : key.replace(".", ":\n  "))
                        .append(": ")
                        .append(value())
                        .append('\n');
            }
            String text = random.nextBoolean() ? yaml.toString() : damaged(yaml.toString());
            try {
                Files.write(
                        file, text.getBytes(random.nextInt(4) == 0 ? StandardCharsets.UTF_16 : StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            check(number + " " + text, CommandLine.read(List.of("--config-file=" + file), Map.of()), starts);
        });
        assertThat(starts[0]).as("some of them start, or the test shows little").isPositive();
    }

    private void repeat(java.util.function.IntConsumer one) {
        long end = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos();
        for (int i = 0; i < CASES || System.nanoTime() < end; i++) {
            try {
                one.accept(i);
            } catch (RuntimeException | StackOverflowError | AssertionError e) {
                throw new AssertionError(Seed.replay(seed) + ", case " + i + ": " + e, e);
            }
        }
    }

    private static void check(String what, Outcome outcome, int[] starts) {
        if (outcome instanceof Outcome.Start) {
            starts[0]++;
            return;
        }
        Outcome.Exit exit = (Outcome.Exit) outcome;
        assertThat(exit.status()).as(what).isBetween(0, 2);
        assertThat(exit.stdout() + exit.stderr() + exit.notices()).as(what).isNotBlank();
    }

    private Option<?> any() {
        return options.get(random.nextInt(options.size()));
    }

    private String value() {
        String value = VALUES[random.nextInt(VALUES.length)];
        return random.nextInt(4) == 0 ? damaged(value) : value;
    }

    private String damaged(String text) {
        StringBuilder damaged = new StringBuilder(text);
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            int at = random.nextInt(damaged.length() + 1);
            if (random.nextInt(3) == 0) {
                damaged.delete(at, Math.min(damaged.length(), at + 1 + random.nextInt(4)));
            } else {
                damaged.insert(at, SNIPPETS[random.nextInt(SNIPPETS.length)]);
            }
        }
        return damaged.toString();
    }
}
