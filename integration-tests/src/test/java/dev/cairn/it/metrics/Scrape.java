package dev.cairn.it.metrics;

import dev.cairn.it.process.ServerProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** One reading of all series of a server. Immutable. */
record Scrape(Map<String, Family> families) {
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Pattern SAMPLE = Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (\\S+)");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern HISTOGRAM_SUFFIX = Pattern.compile("_(bucket|sum|count)$");

    /** One line: its name with what a histogram adds, its labels in their order, its value. */
    record Sample(String name, Map<String, String> labels, double value) {}

    /** All lines of one name. */
    record Family(String name, String type, String help, List<Sample> samples) {
        /** The names of labels, the bounds of histograms left out; of all series, which may differ. */
        TreeSet<String> labelNames() {
            TreeSet<String> names = new TreeSet<>();
            samples.forEach(sample -> names.addAll(sample.labels().keySet()));
            names.remove("le");
            return names;
        }

        /** The bounds of buckets as they are written. */
        TreeSet<String> bounds() {
            return samples.stream()
                    .filter(sample -> sample.labels().containsKey("le"))
                    .map(sample -> sample.labels().get("le"))
                    .collect(Collectors.toCollection(TreeSet::new));
        }

        /** Values by labels; of a histogram how many were counted. */
        Map<String, Double> values() {
            Map<String, Double> values = new TreeMap<>();
            for (Sample sample : samples) {
                if (!type.equals("histogram") || sample.name().endsWith("_count")) {
                    values.put(sample.labels().toString(), sample.value());
                }
            }
            return values;
        }
    }

    static Scrape of(ServerProcess server) {
        return parse(get(server.clientUrl() + "/metrics"));
    }

    static String get(String url) {
        return ask(HttpRequest.newBuilder(URI.create(url)), url);
    }

    static String post(String url, String body) {
        return ask(HttpRequest.newBuilder(URI.create(url)).POST(HttpRequest.BodyPublishers.ofString(body)), url);
    }

    private static String ask(HttpRequest.Builder request, String url) {
        try {
            return HTTP.send(request.timeout(LIMIT).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (IOException e) {
            throw new UncheckedIOException(url, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted while asking " + url, e);
        }
    }

    static Scrape parse(String text) {
        Map<String, String> types = new TreeMap<>();
        Map<String, String> helps = new TreeMap<>();
        Map<String, List<Sample>> samples = new TreeMap<>();
        for (String line : text.split("\n", -1)) {
            if (line.startsWith("# TYPE ")) {
                String[] parts = line.split(" ", 4);
                types.put(parts[2], parts[3]);
            } else if (line.startsWith("# HELP ")) {
                String[] parts = line.split(" ", 4);
                helps.put(parts[2], parts[3]);
            } else if (!line.isEmpty()) {
                Sample sample = sample(line);
                String family = types.containsKey(sample.name())
                        ? sample.name()
                        : HISTOGRAM_SUFFIX.matcher(sample.name()).replaceFirst("");
                samples.computeIfAbsent(family, name -> new ArrayList<>()).add(sample);
            }
        }
        Map<String, Family> families = new TreeMap<>();
        samples.forEach((name, lines) -> families.put(
                name,
                new Family(
                        name, types.getOrDefault(name, "untyped"), helps.getOrDefault(name, ""), List.copyOf(lines))));
        return new Scrape(families);
    }

    private static Sample sample(String line) {
        Matcher matcher = SAMPLE.matcher(line);
        if (!matcher.matches()) {
            throw new AssertionError("Not a line of the text format: " + line);
        }
        Map<String, String> labels = new TreeMap<>();
        if (matcher.group(2) != null) {
            Matcher label = LABEL.matcher(matcher.group(2));
            while (label.find()) {
                labels.put(label.group(1), label.group(2));
            }
        }
        String value = matcher.group(3);
        return new Sample(
                matcher.group(1),
                labels,
                switch (value) {
                    case "+Inf" -> Double.POSITIVE_INFINITY;
                    case "-Inf" -> Double.NEGATIVE_INFINITY;
                    default -> Double.parseDouble(value);
                });
    }
}
