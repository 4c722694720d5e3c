package dev.cairn.bench.load;

import dev.cairn.bench.process.Waiting;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * etcd's own load generator, {@code benchmark}: so many clients, each of which asks again when it is answered.
 *
 * @param perSecond answers in a second
 * @param p50Millis median of what a client waited
 * @param p99Millis its 99th percentile
 */
public record ClosedLoop(double perSecond, double p50Millis, double p99Millis) {
    private static final Pattern RATE = Pattern.compile("Requests/sec:\\s+([0-9.]+)");
    private static final Pattern QUANTILE = Pattern.compile("\\n\\s*([0-9.]+)% in ([0-9.]+) secs");

    /**
     * Starts it; whoever does has to end it. What it says is not read.
     *
     * @param reach how it is told to reach the servers
     * @param load the load, and its clients and number of requests
     */
    public static Process start(Path benchmark, List<String> reach, List<String> load) throws IOException {
        return new ProcessBuilder(command(benchmark, reach, load))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    /**
     * Runs it to its end; the arguments are those of {@link #start}.
     *
     * @throws IOException if it fails, with what it said
     */
    public static ClosedLoop run(Path benchmark, List<String> reach, List<String> load) throws IOException {
        List<String> command = command(benchmark, reach, load);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + " failed:\n" + said);
            }
        } catch (InterruptedException e) {
            throw Waiting.interrupted(e);
        }
        return parse(said);
    }

    private static List<String> command(Path benchmark, List<String> reach, List<String> load) {
        List<String> command = new ArrayList<>(List.of(benchmark.toString(), "--precise"));
        command.addAll(reach);
        command.addAll(load);
        return command;
    }

    /** What the tool has printed; the last summary counts, for some of its commands print several. */
    static ClosedLoop parse(String said) throws IOException {
        if (said.contains("Error distribution")) {
            throw new IOException("some requests failed:\n" + said);
        }
        double rate = Double.NaN;
        for (Matcher matcher = RATE.matcher(said); matcher.find(); ) {
            rate = Double.parseDouble(matcher.group(1));
        }
        double p50 = Double.NaN;
        double p99 = Double.NaN;
        for (Matcher matcher = QUANTILE.matcher(said); matcher.find(); ) {
            double millis = Double.parseDouble(matcher.group(2)) * 1000;
            switch (matcher.group(1)) {
                case "50" -> p50 = millis;
                case "99" -> p99 = millis;
                default -> {}
            }
        }
        if (Double.isNaN(rate)) {
            throw new IOException("no throughput in what the tool printed:\n" + said);
        }
        return new ClosedLoop(rate, p50, p99);
    }
}
