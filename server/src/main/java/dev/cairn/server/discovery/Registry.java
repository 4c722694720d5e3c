package dev.cairn.server.discovery;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.mvccpb.Event;
import dev.cairn.proto.mvccpb.KeyValue;
import dev.cairn.server.config.DiscoverySettings;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.net.EventLoops;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Founders by the keys of a token, as etcd keeps them:
 *
 * <pre>
 * /_etcd/registry/TOKEN/_config/size        how many there are to be; put by the operator
 * /_etcd/registry/TOKEN/members/MEMBER-ID   name=url,... of one; put by itself
 * </pre>
 *
 * <p>A founder puts its key and waits until there are as many as there are to be; who came later than that is too late. An attempt that
 * fails is made again after a pause that doubles up to 256 s, without end: the service may be started after the founders.
 *
 * <p>Confined to the thread that starts the member; blocks.
 */
public final class Registry {
    private static final Logger LOG = LoggerFactory.getLogger(Registry.class);
    private static final String PREFIX = "/_etcd/registry/";
    private static final int DOUBLINGS_MAX = 8;
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /** The discovery ended without a cluster. */
    public static final class Failed extends Exception {
        private static final long serialVersionUID = 1L;

        Failed(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** One that has registered. */
    private record Founder(String key, String urls, long createRevision) {}

    /** What the service holds at one revision. */
    private record Found(int size, List<Founder> founders, long revision) {}

    private final DiscoverySettings settings;
    private final String base;
    private int failures;

    private Registry(DiscoverySettings settings) {
        this.settings = settings;
        this.base = PREFIX + settings.token();
    }

    /**
     * Registers a member and waits for the others.
     *
     * @param urls the member as {@code name=url} pairs
     * @return all founders as {@code name=url} pairs, in the order in which they came
     * @throws Failed when there is no such cluster to be found, or it is full
     */
    public static String join(DiscoverySettings settings, EventLoops loops, long memberId, String urls)
            throws Failed, InterruptedException {
        Registry registry = new Registry(settings);
        try (DiscoveryService service = DiscoveryService.open(settings, loops)) {
            String found = registry.join(service, memberId, urls);
            registry.line(LOG.atInfo(), "discovery joined cluster successfully")
                    .addKeyValue("cluster", found)
                    .log();
            return found;
        } catch (DiscoveryFailure e) {
            registry.line(LOG.atError(), "discovery failed to join cluster")
                    .addKeyValue("cluster", "")
                    .addKeyValue("error", e.getMessage())
                    .log();
            throw new Failed(String.valueOf(e.getMessage()), e);
        }
    }

    private String join(DiscoveryService service, long memberId, String urls)
            throws DiscoveryFailure, InterruptedException {
        String own = members() + "/" + Identity.hex(memberId);
        check(service, own);
        register(service, own, urls);
        Found found = check(service, own);
        List<Founder> founders = new ArrayList<>(found.founders());
        long revision = found.revision();
        while (founders.size() < found.size()) {
            line(LOG.atInfo(), "waiting for peers from discovery service")
                    .addKeyValue("clusterSize", found.size())
                    .addKeyValue("found-peers", founders.size())
                    .log();
            try {
                await(service, founders, found.size(), revision + 1);
                line(LOG.atInfo(), "found all needed peers from discovery service")
                        .addKeyValue("clusterSize", found.size())
                        .addKeyValue("found-peers", founders.size())
                        .log();
            } catch (DiscoveryFailure e) {
                // What came meanwhile, or was compacted, is read instead of watched.
                line(LOG.atWarn(), "lost the watch of the discovery service")
                        .addKeyValue("error", e.getMessage())
                        .log();
                pause("cluster status check");
                found = check(service, own);
                founders = new ArrayList<>(found.founders());
                revision = found.revision();
            }
        }
        return founders.stream().limit(found.size()).map(Founder::urls).collect(Collectors.joining(","));
    }

    private String members() {
        return base + "/members";
    }

    /** What the service holds, once it answers. */
    private Found check(DiscoveryService service, String own) throws DiscoveryFailure, InterruptedException {
        while (true) {
            RangeResponse size = read(service, base + "/_config/size", "");
            if (size != null) {
                int wanted = size(size);
                RangeResponse members = read(service, members(), prefixEnd(members()));
                if (members != null) {
                    failures = 0;
                    List<Founder> founders = new ArrayList<>();
                    members.getKvsList().forEach(pair -> add(founders, pair));
                    boolean registered = founders.stream()
                            .limit(wanted)
                            .anyMatch(founder -> founder.key().equals(own));
                    if (!registered && founders.size() >= wanted) {
                        throw new DiscoveryFailure("discovery: cluster is full");
                    }
                    return new Found(wanted, founders, members.getHeader().getRevision());
                }
            }
            pause("cluster status check");
        }
    }

    private static int size(RangeResponse response) throws DiscoveryFailure {
        if (response.getKvsCount() == 0) {
            throw new DiscoveryFailure("discovery: size key not found");
        }
        long size;
        try {
            size = Long.parseLong(response.getKvs(0).getValue().toStringUtf8());
        } catch (NumberFormatException e) {
            size = 0;
        }
        if (size <= 0) {
            throw new DiscoveryFailure("discovery: size key is bad");
        }
        return (int) Math.min(Integer.MAX_VALUE, size);
    }

    /** Null when the service did not answer. */
    private @Nullable RangeResponse read(DiscoveryService service, String from, String to) throws InterruptedException {
        try {
            return service.get(RangeRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8(from))
                    .setRangeEnd(ByteString.copyFromUtf8(to))
                    .build());
        } catch (DiscoveryFailure e) {
            boolean size = to.isEmpty();
            line(
                            LOG.atWarn(),
                            size
                                    ? "failed to get cluster size from discovery service"
                                    : "failed to get cluster members from discovery service")
                    .addKeyValue(size ? "clusterSizeKey" : "membersKeyPrefix", from)
                    .addKeyValue("error", e.getMessage())
                    .log();
            return null;
        }
    }

    private void register(DiscoveryService service, String own, String urls) throws InterruptedException {
        while (true) {
            try {
                service.put(PutRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(own))
                        .setValue(ByteString.copyFromUtf8(urls))
                        .build());
                failures = 0;
                line(LOG.atInfo(), "register member itself successfully")
                        .addKeyValue("memberKey", own)
                        .addKeyValue("memberInfo", urls)
                        .log();
                return;
            } catch (DiscoveryFailure e) {
                line(LOG.atWarn(), "failed to register members itself to the discovery service")
                        .addKeyValue("memberKey", own)
                        .addKeyValue("error", e.getMessage())
                        .log();
                pause("register member itself");
            }
        }
    }

    private void await(DiscoveryService service, List<Founder> founders, int size, long revision)
            throws DiscoveryFailure, InterruptedException {
        service.watch(
                ByteString.copyFromUtf8(members()),
                ByteString.copyFromUtf8(prefixEnd(members())),
                revision,
                response -> {
                    response.getEventsList().stream().map(Event::getKv).forEach(pair -> add(founders, pair));
                    return founders.size() < size;
                });
    }

    /** Takes one more founder; what is none is told and left out. */
    private void add(List<Founder> founders, KeyValue pair) {
        String key = pair.getKey().toStringUtf8().strip();
        String urls = pair.getValue().toStringUtf8().strip();
        String refusal = urls.indexOf('=') < 0
                ? "invalid peer info returned from discovery service"
                : founders.stream().anyMatch(founder -> founder.key().equals(key))
                        ? "found duplicate peer from discovery service"
                        : null;
        line(
                        refusal == null ? LOG.atInfo() : LOG.atWarn(),
                        refusal == null ? "found peer from discovery service" : refusal)
                .addKeyValue("memberKey", key)
                .addKeyValue("memberInfo", urls)
                .log();
        if (refusal == null) {
            founders.add(new Founder(key, urls, pair.getCreateRevision()));
            // More than there are to be may register at the same time; the first ones count.
            founders.sort(Comparator.comparingLong(Founder::createRevision));
        }
    }

    private void pause(String step) throws InterruptedException {
        failures = Math.min(DOUBLINGS_MAX, failures + 1);
        Duration pause = PAUSE.multipliedBy(1L << failures);
        line(LOG.atWarn(), "retry connecting to discovery service")
                .addKeyValue("reason", step)
                .addKeyValue("backoff", ServerConfig.format(pause))
                .log();
        TimeUnit.NANOSECONDS.sleep(pause.toNanos());
    }

    private static String prefixEnd(String prefix) {
        int last = prefix.length() - 1;
        return prefix.substring(0, last) + (char) (prefix.charAt(last) + 1);
    }

    private LoggingEventBuilder line(LoggingEventBuilder line, String message) {
        return line.setMessage(message)
                .addKeyValue("discovery-token", settings.token())
                .addKeyValue("discovery-endpoints", String.join(",", settings.endpoints()));
    }
}
