package dev.cairn.it.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.cairn.it.cluster.Group;
import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The queries of dashboard and alerts in a real Prometheus, over a cluster of etcd and one of ours. */
class DashboardTest {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final Path RULES = Programs.repository().resolve("deploy/prometheus/etcd-rules.yml");
    private static final Path DASHBOARD = Programs.repository().resolve("deploy/grafana/etcd.json");
    private static final String REAL = "etcd-real";
    private static final String OURS = "etcd-ours";
    private static final int MEMBERS = 3;

    /** It looks back by whole minutes, which the test does not take. */
    private static final String SLOW_QUERY = "[15m:1m]";

    @Test
    void shouldAnswerEveryQueryThatEtcdAnswers(@TempDir Path directory) throws IOException {
        // Goal: dashboards and alerts made for etcd see ours as they see etcd. Method: every query, and every part of
        // an alert's
        // condition, against both in one Prometheus; at the end both lose their quorum.
        Path program = Prometheus.program("prometheus");
        assumeTrue(program != null, "Skipped: no prometheus on the PATH (Debian package prometheus)");
        List<String> flags = List.of("--metrics=extensive");
        try (Group real = Group.found(
                        directory.resolve("real"),
                        flags,
                        Programs.real("etcd"),
                        Programs.real("etcd"),
                        Programs.real("etcd"));
                Group ours = Group.found(
                        directory.resolve("ours"), flags, Programs.ours(), Programs.ours(), Programs.ours());
                Prometheus prometheus = Prometheus.start(
                        Objects.requireNonNull(program),
                        directory,
                        RULES,
                        new TreeMap<>(Map.of(REAL, real, OURS, ours)),
                        MEMBERS)) {
            List<String> queries = new ArrayList<>(dashboardQueries());
            for (JsonElement rule : prometheus.rules()) {
                queries.addAll(operands(rule.getAsJsonObject().get("query").getAsString()));
            }
            assertThat(queries).hasSizeGreaterThan(40);
            await("series for every query").atMost(LIMIT).untilAsserted(() -> {
                traffic(real);
                traffic(ours);
                assertThat(unanswered(prometheus, queries)).isEmpty();
            });
            for (JsonElement rule : prometheus.rules()) {
                assertThat(rule.getAsJsonObject().get("health").getAsString())
                        .as(rule.toString())
                        .isEqualTo("ok");
            }
            for (Group group : List.of(real, ours)) {
                group.member(1).kill();
                group.member(2).kill();
            }
            await("alerts about both clusters").atMost(LIMIT).untilAsserted(() -> {
                assertThat(alerting(prometheus, REAL)).contains("etcdNoLeader", "etcdInsufficientMembers");
                TreeSet<String> expected = alerting(prometheus, REAL);
                // The machine's, not the server's: either may meet a slow moment that the other does not.
                expected.removeIf(name -> name.contains("Duration") || name.contains("Slow"));
                assertThat(alerting(prometheus, OURS)).containsAll(expected);
            });
        }
    }

    @Test
    void shouldHaveRulesAndScrapesThatPrometheusAccepts() {
        Path promtool = Prometheus.program("promtool");
        assumeTrue(promtool != null, "Skipped: no promtool on the PATH (Debian package prometheus)");
        Command.run(List.of(String.valueOf(promtool), "check", "rules", RULES.toString()), LIMIT)
                .success();
        Command.run(
                        List.of(
                                String.valueOf(promtool),
                                "check",
                                "config",
                                RULES.resolveSibling("prometheus.yml").toString()),
                        LIMIT)
                .success();
    }

    /** Queries that give other series for ours than for etcd, and how. */
    private static List<String> unanswered(Prometheus prometheus, List<String> queries) {
        List<String> problems = new ArrayList<>();
        for (String query : queries) {
            TreeSet<String> ours = labels(prometheus.query(of(query, OURS)), OURS);
            if (query.contains("cairn_")) {
                if (ours.isEmpty()) {
                    problems.add("no series: " + query);
                }
                continue;
            }
            TreeSet<String> real = labels(prometheus.query(of(query, REAL)), REAL);
            boolean vacuous = real.isEmpty() && !query.contains(SLOW_QUERY);
            if (vacuous || !ours.containsAll(real)) {
                real.removeAll(ours);
                problems.add(query + " lacks " + real + (vacuous ? ", nor has etcd" : ""));
            }
        }
        return problems;
    }

    /** The labels that a query gives, without those that are a cluster's own. */
    private static TreeSet<String> labels(Map<String, String> series, String job) {
        return series.entrySet().stream()
                .map(each -> JsonParser.parseString(each.getKey()).getAsJsonObject())
                .filter(each ->
                        !each.has("job") || each.get("job").getAsString().equals(job))
                .map(each -> each.entrySet().stream()
                        .filter(label ->
                                !List.of("job", "instance", "To", "From").contains(label.getKey()))
                        .map(label -> label.getKey() + "=" + label.getValue())
                        .sorted()
                        .collect(Collectors.joining(",", "{", "}")))
                .filter(each -> !each.contains("grpc.health.v1"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String of(String query, String job) {
        return query.replace("$cluster", job).replace("$__rate_interval", "10s");
    }

    private static List<String> dashboardQueries() throws IOException {
        List<String> queries = new ArrayList<>();
        JsonObject dashboard =
                JsonParser.parseString(Files.readString(DASHBOARD)).getAsJsonObject();
        for (JsonElement panel : dashboard.getAsJsonArray("panels")) {
            if (panel.getAsJsonObject().has("targets")) {
                for (JsonElement target : panel.getAsJsonObject().getAsJsonArray("targets")) {
                    queries.add(target.getAsJsonObject().get("expr").getAsString());
                }
            }
        }
        return queries;
    }

    /** What an alert's condition compares and joins: those parts that name series. */
    private static List<String> operands(String condition) {
        List<String> operands = new ArrayList<>();
        int depth = 0;
        int begin = 0;
        boolean quoted = false;
        for (int i = 0; i < condition.length(); i++) {
            char c = condition.charAt(i);
            quoted ^= c == '"';
            if (!quoted && "({[".indexOf(c) >= 0) {
                depth++;
            } else if (!quoted && ")}]".indexOf(c) >= 0) {
                depth--;
            } else if (!quoted && depth == 0) {
                String operator = operatorAt(condition, i);
                if (operator != null) {
                    operands.add(condition.substring(begin, i));
                    begin = i + operator.length();
                    i = begin - 1;
                }
            }
        }
        operands.add(condition.substring(begin));
        return operands.stream()
                .map(String::strip)
                .filter(operand -> operand.contains("{"))
                .toList();
    }

    private static @Nullable String operatorAt(String text, int at) {
        for (String operator : List.of(" and ", " or ", ">=", "<=", "==", "!=", ">", "<")) {
            if (text.startsWith(operator, at)) {
                return operator;
            }
        }
        return null;
    }

    /** Alerts of a cluster that fire or will, if nothing changes. */
    private static TreeSet<String> alerting(Prometheus prometheus, String job) {
        TreeSet<String> names = new TreeSet<>();
        for (JsonElement rule : prometheus.rules()) {
            for (JsonElement alert : rule.getAsJsonObject().getAsJsonArray("alerts")) {
                JsonObject labels = alert.getAsJsonObject().getAsJsonObject("labels");
                if (labels.get("job").getAsString().equals(job)) {
                    names.add(labels.get("alertname").getAsString());
                }
            }
        }
        return names;
    }

    private static void traffic(Group group) {
        for (int member = 0; member < MEMBERS; member++) {
            for (List<String> call : List.of(List.of("put", "a", "1"), List.of("get", "a"), List.of("get", "b"))) {
                Command.run(Command.etcdctl(group.member(member), call.toArray(String[]::new)), LIMIT)
                        .success();
            }
        }
    }
}
