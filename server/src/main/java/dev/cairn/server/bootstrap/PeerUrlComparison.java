package dev.cairn.server.bootstrap;

import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.names.Names;
import dev.cairn.server.names.UnknownNameException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether lists of peer URLs lead to the same places, although one has names of hosts and the other their addresses. Names are looked up
 * only where the texts differ, again and again until they are known or the time is over, which begins with the object.
 *
 * <p>Confined to the thread that starts the member; blocks.
 */
final class PeerUrlComparison {
    private static final Logger LOG = LoggerFactory.getLogger(PeerUrlComparison.class);

    static final Duration LIMIT = Duration.ofSeconds(30);
    static final Duration RETRY = Duration.ofSeconds(1);

    private final Names names;
    private final Duration retry;
    private final long deadlineNanos;

    PeerUrlComparison(Names names) {
        this(names, LIMIT, RETRY);
    }

    /** @param limit for all lookups together, from now on */
    PeerUrlComparison(Names names, Duration limit, Duration retry) {
        this.names = names;
        this.retry = retry;
        this.deadlineNanos = System.nanoTime() + limit.toNanos();
    }

    /** What differs, in etcd's words; nothing when the lists lead to the same places, whatever their order. */
    Optional<String> difference(List<String> some, List<String> others) throws InterruptedException {
        if (some.size() != others.size()) {
            return Optional.of("len(" + quoted(some) + ") != len(" + quoted(others) + ")");
        }
        try {
            List<EtcdUrl> a = parse(some);
            List<EtcdUrl> b = parse(others);
            if (firstDifference(a, b) < 0) {
                return Optional.empty();
            }
            a = resolve(a);
            b = resolve(b);
            int at = firstDifference(a, b);
            return at < 0
                    ? Optional.empty()
                    : Optional.of("resolved urls: \"" + a.get(at).text() + "\" != \""
                            + b.get(at).text() + "\"");
        } catch (Incomparable e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static List<EtcdUrl> parse(List<String> texts) throws Incomparable {
        List<EtcdUrl> urls = new ArrayList<>();
        for (String text : texts) {
            try {
                urls.add(EtcdUrl.parse(text));
            } catch (ConfigException e) {
                throw new Incomparable("failed to parse string to URL: \"" + text + "\"");
            }
        }
        urls.sort(null);
        return urls;
    }

    private static int firstDifference(List<EtcdUrl> some, List<EtcdUrl> others) {
        for (int i = 0; i < some.size(); i++) {
            if (!place(some.get(i)).equals(place(others.get(i)))) {
                return i;
            }
        }
        return -1;
    }

    /** The URL with its address, if it has one, written in one way. */
    private static String place(EtcdUrl url) {
        String host = url.host();
        if (!url.unixSocket() && isAddress(host)) {
            try {
                // A literal, so nothing is looked up.
                host = InetAddress.getByName(host).getHostAddress();
            } catch (java.net.UnknownHostException e) {
                // Not an address after all.
            }
        }
        return url.scheme() + " " + host + " " + url.port();
    }

    private static boolean isAddress(String host) {
        return host.indexOf(':') >= 0 || host.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
    }

    private List<EtcdUrl> resolve(List<EtcdUrl> urls) throws Incomparable, InterruptedException {
        List<EtcdUrl> resolved = new ArrayList<>();
        for (EtcdUrl url : urls) {
            boolean stays = url.unixSocket() || url.host().equals("localhost");
            resolved.add(stays ? url : resolve(url));
        }
        resolved.sort(null);
        return resolved;
    }

    private EtcdUrl resolve(EtcdUrl url) throws Incomparable, InterruptedException {
        String host = url.text().substring(url.text().indexOf("//") + 2);
        while (true) {
            try {
                String address = names.address(url.host()).getHostAddress();
                String place = (address.indexOf(':') >= 0 ? "[" + address + "]" : address) + ":" + url.port();
                LOG.atInfo()
                        .setMessage("resolved URL Host")
                        .addKeyValue("url", url.text())
                        .addKeyValue("host", host)
                        .addKeyValue("resolved-addr", place)
                        .log();
                return new EtcdUrl(url.scheme(), address, url.port(), url.scheme() + "://" + place);
            } catch (UnknownNameException e) {
                missed("failed to resolve URL Host", url, host, e);
                long left = deadlineNanos - System.nanoTime();
                if (left <= retry.toNanos()) {
                    TimeUnit.NANOSECONDS.sleep(left);
                    missed("failed to resolve URL Host; returning", url, host, e);
                    throw new Incomparable("failed to resolve \"" + url.text() + "\" (" + e.getMessage() + ")");
                }
                TimeUnit.NANOSECONDS.sleep(retry.toNanos());
            }
        }
    }

    private void missed(String message, EtcdUrl url, String host, UnknownNameException failure) {
        LOG.atWarn()
                .setMessage(message)
                .addKeyValue("url", url.text())
                .addKeyValue("host", host)
                .addKeyValue("retry-interval", ServerConfig.format(retry))
                .addKeyValue("error", failure.getMessage())
                .log();
    }

    private static String quoted(List<String> texts) {
        return texts.stream().map(text -> "\"" + text + "\"").collect(Collectors.joining(" ", "[", "]"));
    }

    /** No URL, or not known within the time. */
    private static final class Incomparable extends Exception {
        private static final long serialVersionUID = 1L;

        Incomparable(String message) {
            super(message);
        }
    }
}
