package dev.cairn.server.discovery;

import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.DiscoveryUrl;
import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.config.InitialCluster;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.membership.Identity;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Founders by the keys of a directory of the v2 API, as etcd kept them until 3.4:
 *
 * <pre>
 * DIRECTORY/_config/size   how many there are to be; put by the operator
 * DIRECTORY/MEMBER-ID      name=url,... of one; created by itself
 * </pre>
 *
 * <p>A founder creates its key and waits until there are as many as there are to be; the first ones count, and who comes later is too late. A
 * service that does not answer is asked again after a pause that doubles up to 256 s, without end: it may be started after the founders.
 *
 * <p>Confined to the thread that starts the member; blocks.
 */
public final class V2Registry {
    private static final Logger LOG = LoggerFactory.getLogger(V2Registry.class);
    private static final String CONFIG = "/_config";
    private static final int KEY_NOT_FOUND = 100;
    private static final int KEY_EXISTS = 105;
    private static final int DOUBLINGS_MAX = 8;
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /** Why there is no cluster, as far as something can be done about it. */
    public enum Reason {
        /** This member has registered before, and has lost its data since. */
        DUPLICATE_ID("discovery: found duplicate id"),
        DUPLICATE_NAME("discovery: found duplicate name"),
        FULL("discovery: cluster is full"),
        /** Of anything else the message tells. */
        OTHER("");

        private final String message;

        Reason(String message) {
            this.message = message;
        }
    }

    /** The discovery ended without a cluster. */
    public static final class Failed extends Exception {
        private static final long serialVersionUID = 1L;

        private final Reason reason;

        Failed(Reason reason) {
            super(reason.message);
            this.reason = reason;
        }

        Failed(DiscoveryFailure cause) {
            super(cause.getMessage(), cause);
            this.reason = Reason.OTHER;
        }

        Failed(String message) {
            super(message);
            this.reason = Reason.OTHER;
        }

        public Reason reason() {
            return reason;
        }
    }

    /** What the service holds at one index. */
    private record Found(long size, List<V2Keys.Node> founders, long index) {}

    private final V2Keys keys;
    private final String own;
    private int failures;

    private V2Registry(V2Keys keys, String own) {
        this.keys = keys;
        this.own = own;
    }

    /**
     * Registers a member and waits for the others.
     *
     * @param urls the member as {@code name=url} pairs
     * @return all founders as {@code name=url} pairs, in the order in which they came
     * @throws Failed when there is no such cluster to be found, or it is full
     */
    public static String join(DiscoveryUrl settings, long memberId, String urls) throws Failed, InterruptedException {
        try {
            V2Keys keys = V2Keys.at(settings.url(), settings.proxy());
            if (!settings.proxy().isEmpty()) {
                LOG.atInfo()
                        .setMessage("running proxy with discovery")
                        .addKeyValue("proxy-url", settings.proxy())
                        .log();
            }
            return new V2Registry(keys, "/" + Identity.hex(memberId)).join(urls);
        } catch (DiscoveryFailure e) {
            throw new Failed(e);
        }
    }

    private String join(String urls) throws Failed, DiscoveryFailure, InterruptedException {
        // A cluster that is full is not registered with.
        check();
        register(urls);
        Found found = check();
        List<V2Keys.Node> founders = await(found);
        String text = founders.stream().map(V2Keys.Node::value).collect(Collectors.joining(","));
        Map<String, List<EtcdUrl>> named;
        try {
            named = InitialCluster.parse(text);
        } catch (ConfigException e) {
            throw new DiscoveryFailure("discovery: invalid URL", e);
        }
        if (named.size() != founders.size()) {
            throw new Failed(Reason.DUPLICATE_NAME);
        }
        return text;
    }

    /** What the service holds, once it answers. */
    private Found check() throws Failed, DiscoveryFailure, InterruptedException {
        while (true) {
            V2Keys.Answer configured = read(CONFIG + "/size");
            long size = configured == null ? 0 : size(configured);
            V2Keys.Answer members = configured == null ? null : read("");
            if (members != null) {
                failures = 0;
                Found found = new Found(size, founders(members), members.index());
                if (!holdsOwn(found) && found.founders().size() >= found.size()) {
                    throw new Failed(Reason.FULL);
                }
                return found;
            }
            pause("cluster status check");
        }
    }

    private boolean holdsOwn(Found found) {
        return found.founders().stream().limit(found.size()).anyMatch(this::isOwn);
    }

    private boolean isOwn(V2Keys.Node founder) {
        return founder.key().endsWith(own);
    }

    private static long size(V2Keys.Answer answer) throws Failed {
        V2Keys.Node node = answer.node();
        if (node == null) {
            throw new Failed(
                    answer.error() == KEY_NOT_FOUND
                            ? "discovery: size key not found"
                            : answer.error() + ": " + answer.message());
        }
        try {
            long size = Long.parseLong(node.value());
            if (size > 0) {
                return size;
            }
        } catch (NumberFormatException e) {
            LOG.atDebug()
                    .setMessage("size of the cluster to be found")
                    .setCause(e)
                    .log();
        }
        throw new Failed("discovery: size key is bad");
    }

    private static List<V2Keys.Node> founders(V2Keys.Answer members) throws Failed {
        if (members.node() == null) {
            throw new Failed(members.error() + ": " + members.message());
        }
        return members.children().stream()
                .filter(node -> !node.key().endsWith(CONFIG))
                .sorted(Comparator.comparingLong(V2Keys.Node::createdIndex))
                .toList();
    }

    /** Null when the service did not answer. */
    private V2Keys.@Nullable Answer read(String name) throws DiscoveryFailure {
        try {
            return keys.get(name);
        } catch (IOException e) {
            line(LOG.atWarn(), "failed to get from discovery server")
                    .addKeyValue("path", keys.directory() + name)
                    .addKeyValue("error", e.toString())
                    .log();
            return null;
        }
    }

    private void register(String urls) throws Failed, DiscoveryFailure, InterruptedException {
        boolean unknown = false;
        while (true) {
            try {
                V2Keys.Answer created = keys.create(own, urls);
                if (created.error() == 0) {
                    return;
                }
                if (created.error() != KEY_EXISTS) {
                    throw new Failed(created.error() + ": " + created.message());
                }
                // An attempt whose answer was lost may have been this one.
                if (unknown && isRegistered(urls)) {
                    return;
                }
                throw new Failed(Reason.DUPLICATE_ID);
            } catch (IOException e) {
                unknown = true;
                line(LOG.atWarn(), "failed to register at the discovery service")
                        .addKeyValue("error", e.toString())
                        .log();
                pause("register member itself");
            }
        }
    }

    private boolean isRegistered(String urls) throws IOException, DiscoveryFailure {
        V2Keys.Node node = keys.get(own).node();
        return node != null && node.value().equals(urls);
    }

    /** The founders, once there are enough. */
    private List<V2Keys.Node> await(Found first) throws Failed, DiscoveryFailure, InterruptedException {
        Found found = first;
        List<V2Keys.Node> founders = new ArrayList<>(found.founders());
        founders.forEach(this::tell);
        long index = found.index() + 1;
        while (founders.size() < found.size()) {
            line(LOG.atInfo(), "found peers from discovery server; waiting for more")
                    .addKeyValue("found-peers", founders.size())
                    .addKeyValue("needed-peers", found.size() - founders.size())
                    .log();
            V2Keys.Answer change = next(index);
            V2Keys.Node node = change == null ? null : change.node();
            if (node == null || change == null) {
                pause("waiting for other nodes");
                found = check();
                founders = new ArrayList<>(found.founders());
                index = found.index() + 1;
                continue;
            }
            index = Math.max(index, node.modifiedIndex()) + 1;
            if (add(founders, node)) {
                tell(node);
            }
        }
        if (!holdsOwn(new Found(found.size(), founders, index))) {
            throw new Failed(Reason.FULL);
        }
        line(LOG.atInfo(), "found all needed peers from discovery server")
                .addKeyValue("found-peers", founders.size())
                .log();
        return founders.stream().limit(found.size()).toList();
    }

    /** Null when the service did not answer, or no longer knows what came behind the index. */
    private V2Keys.@Nullable Answer next(long index) throws DiscoveryFailure {
        try {
            return keys.await("", true, index);
        } catch (IOException e) {
            line(LOG.atWarn(), "lost the watch of the discovery server")
                    .addKeyValue("error", e.toString())
                    .log();
            return null;
        }
    }

    /** What is no founder, or is known already, is left out. */
    private static boolean add(List<V2Keys.Node> founders, V2Keys.Node node) {
        boolean none = node.key().contains(CONFIG)
                || node.value().indexOf('=') < 0
                || founders.stream().anyMatch(known -> known.key().equals(node.key()));
        if (!none) {
            founders.add(node);
            founders.sort(Comparator.comparingLong(V2Keys.Node::createdIndex));
        }
        return !none;
    }

    private void tell(V2Keys.Node founder) {
        String id = founder.key().substring(founder.key().lastIndexOf('/') + 1);
        boolean self = isOwn(founder);
        line(LOG.atInfo(), self ? "found self from discovery server" : "found peer from discovery server")
                .addKeyValue(self ? "self" : "peer", id)
                .log();
    }

    private void pause(String step) throws InterruptedException {
        failures = Math.min(DOUBLINGS_MAX, failures + 1);
        Duration pause = PAUSE.multipliedBy(1L << failures);
        line(LOG.atInfo(), "retry connecting to discovery service")
                .addKeyValue("reason", step)
                .addKeyValue("backoff", ServerConfig.format(pause))
                .log();
        TimeUnit.NANOSECONDS.sleep(pause.toNanos());
    }

    private LoggingEventBuilder line(LoggingEventBuilder line, String message) {
        return line.setMessage(message).addKeyValue("discovery-url", keys.service());
    }
}
