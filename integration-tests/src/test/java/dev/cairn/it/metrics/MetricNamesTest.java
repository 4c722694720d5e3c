package dev.cairn.it.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.cairn.it.cluster.Group;
import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares the series of both servers by themselves: whatever the real one shows and ours does not needs a reason. */
class MetricNamesTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Duration LATE = Duration.ofSeconds(15);

    /** What shows some time after a member has come back. */
    private static final List<String> LATE_FAMILIES = List.of(
            "etcd_network_snapshot_send_success",
            "etcd_network_peer_round_trip_time_seconds",
            "etcd_network_peer_sent_failures_total",
            "etcd_network_disconnected_peers_total");

    private static final int WRITES = 120;

    /** Families that must have the same values after the same calls. */
    private static final List<String> COUNTED_ALIKE = List.of(
            "etcd_mvcc_put_total",
            "etcd_mvcc_delete_total",
            "etcd_mvcc_range_total",
            "etcd_mvcc_txn_total",
            "etcd_mvcc_hash_rev_duration_seconds",
            "etcd_debugging_mvcc_total_put_size_in_bytes",
            "etcd_debugging_mvcc_current_revision",
            "etcd_debugging_mvcc_compact_revision",
            "etcd_debugging_mvcc_db_compaction_keys_total",
            "etcd_debugging_mvcc_keys_total",
            "etcd_debugging_mvcc_events_total",
            "etcd_debugging_mvcc_watch_stream_total",
            "etcd_debugging_mvcc_watcher_total",
            "etcd_debugging_mvcc_slow_watcher_total",
            "etcd_debugging_mvcc_pending_events_total",
            "etcd_debugging_lease_granted_total",
            "etcd_debugging_lease_renewed_total",
            "etcd_debugging_lease_revoked_total",
            "etcd_debugging_lease_ttl_total",
            "etcd_debugging_server_lease_expired_total",
            "etcd_disk_backend_defrag_duration_seconds",
            "etcd_disk_backend_snapshot_duration_seconds",
            "etcd_disk_defrag_inflight",
            "etcd_server_client_requests_total",
            "etcd_server_feature_enabled",
            "etcd_server_has_leader",
            "etcd_server_is_leader",
            "etcd_server_is_learner",
            "etcd_server_leader_changes_seen_total",
            "etcd_server_proposals_pending",
            "etcd_server_quota_backend_bytes",
            "etcd_server_request_duration_seconds",
            "etcd_server_apply_duration_seconds",
            "etcd_server_range_duration_seconds",
            "etcd_server_health_success",
            "etcd_server_health_failures",
            "etcd_server_healthcheck",
            "etcd_server_healthchecks_total",
            "grpc_server_started_total",
            "grpc_server_handled_total",
            "grpc_server_handling_seconds",
            "grpc_server_msg_received_total",
            "grpc_server_msg_sent_total",
            "promhttp_metric_handler_requests_in_flight");

    @Test
    void shouldShowAndCountWhatEtcdDoesAlone(@TempDir Path directory) {
        // Goal: names, types, labels, buckets and most counts are etcd's. Method: the same calls to both, one reading
        // of each.
        try (ServerProcess real =
                        ServerProcess.start(Programs.real("etcd"), directory.resolve("real"), "--metrics=extensive");
                ServerProcess ours =
                        ServerProcess.start(Programs.ours(), directory.resolve("ours"), "--metrics=extensive")) {
            Calls.makeAll(real, directory.resolve("real.db"));
            Calls.makeAll(ours, directory.resolve("ours.db"));
            // Some of it is counted behind the answer.
            await("the same counts")
                    .atMost(LATE)
                    .untilAsserted(() -> assertThat(miscounted(Scrape.of(real), Scrape.of(ours)))
                            .isEmpty());
            Scrape expected = Scrape.of(real);
            Scrape actual = Scrape.of(ours);
            compareFamilies(expected, actual, Map.of());
            assertThat(unexplained(expected, actual))
                    .as("series that ours lacks")
                    .isEmpty();
            assertThat(unexplained(actual, expected))
                    .as("series that only ours has")
                    .isEmpty();
            assertThat(unfed(expected, actual))
                    .as("series that stay at zero although etcd counts")
                    .containsExactlyInAnyOrderElementsOf(Differences.ZERO.keySet());
            everyReasonIsNeeded(expected, actual);
        }
    }

    @Test
    void shouldShowWhatEtcdDoesInCompany(@TempDir Path directory) {
        Scrape expected = underLoad(directory.resolve("real"), Programs.real("etcd"));
        Scrape actual = underLoad(directory.resolve("ours"), Programs.ours());
        compareFamilies(expected, actual, Differences.MISSING_WITH_SNAPSHOTS);
        assertThat(unfed(expected, actual))
                .as("series that stay at zero although etcd counts")
                .isSubsetOf(Differences.ZERO.keySet());
    }

    /** A leader's series after writes, a member that was away for long, and snapshots. */
    private static Scrape underLoad(Path directory, Path server) {
        List<String> flags = List.of(
                "--metrics=extensive", "--snapshot-count=20", "--snapshot-catchup-entries=5", "--max-snapshots=1");
        try (Group group = Group.found(directory, flags, server, server, server)) {
            group.makeLeader(0);
            group.member(2).kill();
            Calls.write(group.member(0), WRITES);
            // Beside what has been seen of the way there it takes a snapshot to get back.
            group.start(2);
            group.awaitEqualStores();
            group.makeLeader(0);
            await("all that happens late")
                    .atMost(LIMIT)
                    .until(() -> Scrape.of(group.member(0)).families().keySet().containsAll(LATE_FAMILIES));
            return Scrape.of(group.member(0));
        }
    }

    private static void compareFamilies(Scrape expected, Scrape actual, Map<Pattern, String> missing) {
        assertThat(Differences.missing(expected, actual, missing))
                .as("families that ours lacks")
                .isEmpty();
        assertThat(Differences.missing(actual, expected, Map.of()))
                .as("families that only ours has")
                .allMatch(name -> name.startsWith("cairn_"));
        expected.families().forEach((name, family) -> {
            Scrape.Family own = actual.families().get(name);
            if (own != null) {
                assertThat(own.type()).as("type of " + name).isEqualTo(family.type());
                assertThat(own.labelNames()).as("labels of " + name).isEqualTo(family.labelNames());
                assertThat(own.bounds()).as("buckets of " + name).isEqualTo(family.bounds());
            }
        });
        actual.families()
                .values()
                .forEach(family ->
                        assertThat(family.help()).as("help of " + family.name()).isNotBlank());
    }

    private static Map<String, String> miscounted(Scrape expected, Scrape actual) {
        Map<String, String> differing = new TreeMap<>();
        for (String name : COUNTED_ALIKE) {
            Map<String, Double> counted = values(expected, name);
            double more = Differences.COUNTS_MORE.getOrDefault(name, 0.0);
            counted.replaceAll((labels, value) -> value - more);
            Map<String, Double> own = values(actual, name);
            if (!own.equals(counted)) {
                Map<String, Double> common = new TreeMap<>(counted);
                common.entrySet().retainAll(own.entrySet());
                counted.keySet().removeAll(common.keySet());
                own.keySet().removeAll(common.keySet());
                differing.put(name, "etcd has " + counted + ", ours " + own);
            }
        }
        return differing;
    }

    private static TreeSet<String> unexplained(Scrape one, Scrape other) {
        TreeSet<String> all = Differences.series(one, series -> series);
        all.removeAll(Differences.series(other, series -> series));
        all.removeIf(Differences::explained);
        return all;
    }

    /** Families of which the first has counted something and the second nothing. */
    private static TreeSet<String> unfed(Scrape expected, Scrape actual) {
        TreeSet<String> names = new TreeSet<>();
        expected.families().forEach((name, family) -> {
            Scrape.Family own = actual.families().get(name);
            if (own != null
                    && !family.type().equals("gauge")
                    && !Differences.CHANCE.matcher(name).matches()
                    && family.values().values().stream().anyMatch(value -> value > 0)
                    && own.values().values().stream().allMatch(value -> value == 0)) {
                names.add(name);
            }
        });
        return names;
    }

    private static void everyReasonIsNeeded(Scrape expected, Scrape actual) {
        Differences.MISSING.forEach(
                (pattern, reason) -> assertThat(expected.families().keySet())
                        .as(reason)
                        .anyMatch(name -> pattern.matcher(name).matches()
                                && !actual.families().containsKey(name)));
        TreeSet<String> one = Differences.series(expected, series -> series);
        TreeSet<String> other = Differences.series(actual, series -> series);
        Differences.SERIES.forEach((pattern, reason) -> assertThat(one.stream()
                                .anyMatch(series -> pattern.matcher(series).matches() && !other.contains(series))
                        || other.stream()
                                .anyMatch(series -> pattern.matcher(series).matches() && !one.contains(series)))
                .as(reason)
                .isTrue());
    }

    /** What was counted, without what nobody has asked for yet and what need not be the same. */
    private static Map<String, Double> values(Scrape scrape, String name) {
        Scrape.Family family = scrape.families().get(name);
        Map<String, Double> values = new TreeMap<>(family == null ? Map.of() : family.values());
        values.values().removeIf(value -> value == 0);
        Map<String, Double> withoutChance = new TreeMap<>();
        values.forEach((labels, value) -> withoutChance.merge(
                // Whether a client that ends closes its stream or breaks it off is a race within the client.
                labels.contains("grpc_type=bidi_stream")
                        ? labels.replaceFirst("grpc_code=(OK|Canceled)", "grpc_code=*")
                        : labels,
                value,
                Double::sum));
        return withoutChance;
    }

    /** The calls of the test. */
    private static final class Calls {
        private Calls() {}

        static void makeAll(ServerProcess server, Path snapshot) {
            run(server, "put", "a", "1");
            run(server, "put", "a", "22", "--prev-kv");
            run(server, "put", "b", "333");
            run(server, "get", "a");
            run(server, "get", "", "--prefix");
            run(server, "get", "a", "--consistency=s");
            run(server, "del", "a", "--prev-kv");
            run(server, "del", "nothing");
            txn(server, "value(\"b\") = \"333\"\n\nput c 1\nput d 2\n\nput e 3\n\n");
            txn(server, "version(\"b\") = \"1\"\nversion(\"c\") = \"1\"\n\nget b\n\nget c\n\n");
            txn(server, "\nget b\n\n\n");
            txn(server, "\ndel c\n\n\n");
            String lease = run(server, "lease", "grant", "500").split(" ")[1];
            run(server, "put", "f", "1", "--lease=" + lease);
            run(server, "put", "g", "1", "--lease=" + lease);
            run(server, "lease", "keep-alive", "--once", lease);
            run(server, "lease", "timetolive", lease, "--keys");
            run(server, "lease", "list");
            run(server, "lease", "revoke", lease);
            Command watch = Command.start(Command.etcdctl(server, "watch", "b", "--rev=1"));
            watch.awaitLines(3, LIMIT);
            watch.kill();
            run(server, "compact", "3", "--physical");
            run(server, "defrag");
            run(server, "alarm", "list");
            run(server, "endpoint", "status");
            run(server, "endpoint", "hashkv");
            run(server, "member", "list");
            run(server, "snapshot", "save", snapshot.toString());
            run(server, "user", "add", "somebody:secret");
            run(server, "user", "list");
            run(server, "auth", "status");
            Command.run(Command.etcdctl(server, "user", "get", "nobody"), LIMIT);
            Command.run(Command.etcdctl(server, "get", "x", "--rev=1"), LIMIT);
            Command.run(Command.etcdctl(server, "lease", "revoke", "1234"), LIMIT);
            Scrape.get(server.clientUrl() + "/health");
            Scrape.get(server.clientUrl() + "/livez");
            Scrape.get(server.clientUrl() + "/readyz");
        }

        static void write(ServerProcess server, int count) {
            for (int i = 0; i < count; i++) {
                run(server, "put", "k" + i, "v");
            }
        }

        private static void txn(ServerProcess server, String text) {
            Command.start(Command.etcdctl(server, "txn"))
                    .input(text)
                    .await(LIMIT)
                    .success();
        }

        private static String run(ServerProcess server, String... arguments) {
            return Command.run(Command.etcdctl(server, arguments), LIMIT).success();
        }
    }
}
