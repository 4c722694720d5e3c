package dev.cairn.it.metrics;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What {@code /metrics} of the two servers may show differently, and why. Whatever is not listed here has to be the same; what is listed
 * and does not differ any more has to go.
 */
final class Differences {
    /** Families that the real server has and ours has not. */
    static final Map<Pattern, String> MISSING = new LinkedHashMap<>();

    /** The same, once etcd has written snapshots. */
    static final Map<Pattern, String> MISSING_WITH_SNAPSHOTS = Map.of(
            Pattern.compile("etcd_debugging_store_(reads|writes)_total"),
            "etcd keeps its members in a store of the v2 API, which is written with snapshots; here is none");

    /** What the real server counts beyond ours in the calls of the test. */
    static final Map<String, Double> COUNTS_MORE =
            // It reads a key in each compaction to learn the revision.
            Map.of("etcd_mvcc_range_total", 1.0);

    /** Single series, as {@code name{labels}}, that only one of the two has. */
    static final Map<Pattern, String> SERIES = new LinkedHashMap<>();

    /** Series that stay at zero here although the real server counts. */
    static final Map<String, String> ZERO = new LinkedHashMap<>();

    /** What counts only when something was slow or went wrong: either server may meet that, and the other not. */
    static final Pattern CHANCE =
            Pattern.compile(".*_(slow_\\w+|failed|failures)_total|etcd_server_leader_changes_seen_total");

    /** Labels whose values are ids or builds. */
    static final Set<String> OWN_VALUES = Set.of("server_id", "To", "From", "Local", "Remote", "server_go_version");

    static {
        MISSING.put(Pattern.compile("go_.*"), "figures of Go's runtime; cairn_jvm_* has those of this one");
        SERIES.put(
                Pattern.compile("grpc_server_\\w+\\{.*grpc_method=List, grpc_service=grpc\\.health\\.v1\\.Health.*"),
                "the RPC library here has no Health.List yet");
        SERIES.put(
                Pattern.compile("grpc_server_\\w+\\{.*grpc_service=grpc\\.reflection\\.v1\\.ServerReflection.*"),
                "etcd offers no reflection");
        ZERO.put(
                "etcd_debugging_disk_backend_commit_rebalance_duration_seconds",
                "a step of bbolt's commit that LMDB does not have");
        ZERO.put(
                "etcd_debugging_disk_backend_commit_spill_duration_seconds",
                "a step of bbolt's commit that LMDB does not have");
    }

    private Differences() {}

    /** The families of the first that the second lacks without a reason. */
    static TreeSet<String> missing(Scrape real, Scrape ours, Map<Pattern, String> more) {
        TreeSet<String> names = new TreeSet<>(real.families().keySet());
        names.removeAll(ours.families().keySet());
        names.removeIf(name -> Stream.concat(MISSING.keySet().stream(), more.keySet().stream())
                .anyMatch(pattern -> pattern.matcher(name).matches()));
        return names;
    }

    /** All series with their labels, values of {@link #OWN_VALUES} left out, as far as they have to be the same. */
    static TreeSet<String> series(Scrape scrape, UnaryOperator<TreeSet<String>> choice) {
        TreeSet<String> all = new TreeSet<>();
        scrape.families()
                .values()
                .forEach(family -> family.samples().forEach(sample -> {
                    Map<String, String> labels = new java.util.TreeMap<>(sample.labels());
                    labels.replaceAll((name, value) -> OWN_VALUES.contains(name) ? "*" : value);
                    all.add(sample.name() + labels);
                }));
        return choice.apply(all);
    }

    /** Whether there is a reason for a series to be on one side only. */
    static boolean explained(String series) {
        return SERIES.keySet().stream()
                        .anyMatch(pattern -> pattern.matcher(series).matches())
                || MISSING.keySet().stream()
                        .anyMatch(pattern -> pattern.matcher(series.substring(0, series.indexOf('{')))
                                .matches())
                || series.startsWith("cairn_");
    }
}
