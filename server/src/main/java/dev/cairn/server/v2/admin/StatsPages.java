package dev.cairn.server.v2.admin;

import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpRequest;
import dev.cairn.server.http.Json;
import dev.cairn.server.http.Router;
import dev.cairn.server.loop.StatusBoard;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.peer.AppendTraffic;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** {@code /v2/stats}: what the member knows of itself, of its followers, and of what was done to v2 keys. Thread-safe. */
final class StatsPages {
    /** What etcd shows where nothing was measured: the smallest number so far is yet to come. */
    private static final double NO_MINIMUM = 0x1p63;

    private final String name;
    private final Cluster cluster;
    private final StatusBoard status;
    private final AppendTraffic traffic;
    private final StoreCounters store;
    private final Clock clock;
    private final Instant started;

    /**
     * @param clock of the texts; made when the member starts
     */
    StatsPages(
            String name, Cluster cluster, StatusBoard status, AppendTraffic traffic, StoreCounters store, Clock clock) {
        this.name = name;
        this.cluster = cluster;
        this.status = status;
        this.traffic = traffic;
        this.store = store;
        this.clock = clock;
        this.started = clock.instant();
    }

    void addTo(Router router) {
        add(router, "store", () -> HttpAnswer.json(200, store.json()));
        add(router, "self", () -> HttpAnswer.json(200, self()));
        add(
                router,
                "leader",
                () -> leads() ? HttpAnswer.json(200, leader()) : Replies.refusal(403, "not current leader"));
    }

    private static void add(Router router, String page, Supplier<HttpAnswer> answer) {
        router.any("/v2/stats/" + page, (HttpRequest request) -> {
            HttpAnswer refused = Replies.refuseMethod(request, "GET");
            return CompletableFuture.completedFuture(refused == null ? answer.get() : refused);
        });
    }

    private boolean leads() {
        return status.leader() == cluster.identity().memberId();
    }

    private String self() {
        long now = System.nanoTime();
        long leader = status.leader();
        // Until there is one, etcd counts from the start.
        Instant since = status.hasHadLeader() ? clock.instant().minusNanos(now - status.leaderSinceNanos()) : started;
        AppendTraffic.Flow received = traffic.received(now);
        AppendTraffic.Flow sent = traffic.sent(now);
        return "{\"name\":" + Json.quote(name)
                + ",\"id\":" + hex(cluster.identity().memberId())
                + ",\"state\":\"" + (leads() ? "StateLeader" : "StateFollower") + "\""
                + ",\"startTime\":" + time(started)
                + ",\"leaderInfo\":{\"leader\":" + (leader == 0 ? "\"\"" : hex(leader))
                + ",\"uptime\":" + Json.quote(ServerConfig.format(Duration.between(since, clock.instant())))
                + ",\"startTime\":" + time(since) + "}"
                + ",\"recvAppendRequestCnt\":" + received.count() + rates("recv", received)
                + ",\"sendAppendRequestCnt\":" + sent.count() + rates("send", sent) + "}";
    }

    private static String rates(String way, AppendTraffic.Flow flow) {
        return flow.messagesPerSecond() == 0
                ? ""
                : ",\"" + way + "PkgRate\":" + number(flow.messagesPerSecond()) + ",\"" + way + "BandwidthRate\":"
                        + number(flow.bytesPerSecond());
    }

    private String leader() {
        long self = cluster.identity().memberId();
        return "{\"leader\":" + hex(self) + ",\"followers\":"
                + cluster.view().members().stream()
                        .map(Member::id)
                        .filter(id -> id != self)
                        .sorted(Comparator.comparing(Identity::hex))
                        .map(id -> hex(id) + ":" + follower(id))
                        .collect(Collectors.joining(",", "{", "}"))
                + "}";
    }

    private String follower(long id) {
        AppendTraffic.Latency latency = traffic.latency(id);
        return "{\"latency\":{\"current\":" + number(latency.current())
                + ",\"average\":" + number(latency.average())
                + ",\"standardDeviation\":" + number(latency.standardDeviation())
                + ",\"minimum\":" + number(latency.samples() == 0 ? NO_MINIMUM : latency.minimum())
                + ",\"maximum\":" + number(latency.maximum())
                + "},\"counts\":{\"fail\":" + latency.failures() + ",\"success\":" + latency.samples() + "}}";
    }

    private static String hex(long id) {
        return Json.quote(Identity.hex(id));
    }

    private String time(Instant moment) {
        return Json.quote(DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(
                moment.atZone(zone()).toOffsetDateTime()));
    }

    private ZoneId zone() {
        return clock.getZone();
    }

    /** As Go writes numbers of this size. */
    private static String number(double value) {
        return value == 0
                ? "0"
                : new BigDecimal(Double.toString(value)).stripTrailingZeros().toPlainString();
    }
}
