package dev.cairn.bench;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import com.google.gson.reflect.TypeToken;
import dev.cairn.bench.work.Figure;
import dev.cairn.bench.work.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the works have shown, in one or several sittings; kept as a file of JSON. Confined to one thread. */
final class Results {
    private static final Gson JSON = new GsonBuilder()
            .serializeSpecialFloatingPointValues()
            .setPrettyPrinting()
            .create();

    /** What one run of each server has shown, side by side, by the names of the figures. */
    record Pair(Map<String, Double> ours, Map<String, Double> etcd) {
        boolean both(String figure) {
            return ours.containsKey(figure) && etcd.containsKey(figure);
        }

        /** {@link Double#NaN} if this run has not told it. */
        double ours(String figure) {
            return ours.getOrDefault(figure, Double.NaN);
        }

        /** {@link Double#NaN} if this run has not told it. */
        double etcd(String figure) {
            return etcd.getOrDefault(figure, Double.NaN);
        }

        double ratio(String figure) {
            return ours(figure) / etcd(figure);
        }
    }

    /**
     * All pairs of one work.
     *
     * @param conditions when and on what they were taken, and how
     */
    record Taken(String conditions, List<Figure> figures, List<Pair> pairs) {
        static Taken under(String conditions) {
            return new Taken(conditions, new ArrayList<>(), new ArrayList<>());
        }

        Taken add(Sample ours, Sample etcd) {
            pairs.add(new Pair(named(ours), named(etcd)));
            return this;
        }

        private Map<String, Double> named(Sample sample) {
            Map<String, Double> values = new LinkedHashMap<>();
            sample.values().forEach((figure, value) -> {
                values.put(figure.name(), value);
                if (!figures.contains(figure)) {
                    figures.add(figure);
                }
            });
            return values;
        }

        Optional<Figure> figure(String name) {
            return figures.stream().filter(figure -> figure.name().equals(name)).findFirst();
        }
    }

    private final Map<String, Taken> works = new LinkedHashMap<>();

    /**
     * What the file holds; nothing if there is none.
     *
     * @throws IOException if it cannot be read, or is no such file
     */
    static Results read(Path file) throws IOException {
        Results results = new Results();
        if (Files.exists(file)) {
            try {
                Map<String, Taken> read =
                        JSON.fromJson(Files.readString(file), new TypeToken<Map<String, Taken>>() {}.getType());
                // What is not there is null, whatever the types say.
                if (read == null || !read.values().stream().allMatch(Results::isWhole)) {
                    throw new IOException(file + " is of another form");
                }
                results.works.putAll(read);
            } catch (JsonParseException e) {
                throw new IOException(file + " is of another form", e);
            }
        }
        return results;
    }

    private static boolean isWhole(@Nullable Taken taken) {
        return taken != null
                && Stream.of(taken.conditions(), taken.figures(), taken.pairs()).allMatch(Objects::nonNull);
    }

    /** Takes the place of what the work has shown before. */
    void put(String work, Taken taken) {
        works.put(work, taken);
    }

    /** Empty if the work has shown nothing yet. */
    Optional<Taken> of(String work) {
        return Optional.ofNullable(works.get(work));
    }

    /** The works that have shown something. */
    List<String> names() {
        return List.copyOf(works.keySet());
    }

    /** A reader sees the old file or the new one, also if this ends early. */
    void write(Path file) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(next, JSON.toJson(works));
        Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }
}
