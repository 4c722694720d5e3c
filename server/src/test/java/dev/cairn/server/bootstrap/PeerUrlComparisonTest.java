package dev.cairn.server.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.names.KnownNames;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The expected texts were observed on etcd 3.7.1. */
@Timeout(60)
class PeerUrlComparisonTest {
    private static final Duration SOON = Duration.ofMillis(100);
    private final KnownNames names = new KnownNames().host("a.test", "10.0.0.1").host("b.test", "10.0.0.2", "fe80::2");

    private Optional<String> compare(List<String> some, List<String> others) throws InterruptedException {
        return new PeerUrlComparison(names, SOON, Duration.ofMillis(20)).difference(some, others);
    }

    private Optional<String> error(String configured, String advertised) throws Exception {
        return AdvertisedUrls.error(
                "n", urls(configured), urls(advertised), new PeerUrlComparison(names, SOON, Duration.ofMillis(20)));
    }

    private static List<EtcdUrl> urls(String list) throws ConfigException {
        List<EtcdUrl> urls = new ArrayList<>();
        for (String text : list.split(",", -1)) {
            urls.add(EtcdUrl.parse(text));
        }
        return urls;
    }

    @Test
    void shouldNotLookUpWhatIsTheSameAnyway() throws InterruptedException {
        assertThat(compare(
                        List.of("http://x.test:2", "http://[::1]:1"), List.of("http://[0:0::1]:1", "http://x.test:2")))
                .isEmpty();
        assertThat(compare(List.of("unix://a:1"), List.of("unix://a:1"))).isEmpty();
        assertThat(names.questions).hasValue(0);
    }

    @Test
    void shouldFindTheSamePlaceBehindNamesAndAddresses() throws InterruptedException {
        assertThat(compare(
                        List.of("https://a.test:1", "https://b.test:2"),
                        List.of("https://10.0.0.2:2", "https://10.0.0.1:1")))
                .isEmpty();
        assertThat(compare(List.of("http://a.test:1"), List.of("https://10.0.0.1:1")))
                .contains("resolved urls: \"http://10.0.0.1:1\" != \"https://10.0.0.1:1\"");
        assertThat(compare(List.of("http://a.test:1"), List.of("http://10.0.0.1:2")))
                .contains("resolved urls: \"http://10.0.0.1:1\" != \"http://10.0.0.1:2\"");
        assertThat(compare(List.of("http://localhost:1"), List.of("http://127.0.0.1:1")))
                .contains("resolved urls: \"http://localhost:1\" != \"http://127.0.0.1:1\"");
        assertThat(compare(List.of("http://a.test:1"), List.of("http://a.test:1", "http://b.test:2")))
                .contains("len([\"http://a.test:1\"]) != len([\"http://a.test:1\" \"http://b.test:2\"])");
        assertThat(compare(List.of("ftp:x"), List.of("http://a.test:1")))
                .contains("failed to parse string to URL: \"ftp:x\"");
    }

    @Test
    void shouldWaitForANameUntilTheTimeIsOver() throws InterruptedException {
        names.misses = 5;
        assertThat(new PeerUrlComparison(names, Duration.ofSeconds(30), Duration.ofMillis(1))
                        .difference(List.of("http://a.test:1"), List.of("http://10.0.0.1:1")))
                .isEmpty();
        assertThat(compare(List.of("http://nowhere.test:1"), List.of("http://10.0.0.1:1")))
                .contains("failed to resolve \"http://nowhere.test:1\" (lookup nowhere.test: no such host)");
    }

    @Test
    void shouldTellWhichUrlsAreMissing() throws Exception {
        assertThat(error("http://a.test:1", "http://10.0.0.1:1")).isEmpty();
        assertThat(error("http://127.0.0.2:24801", "http://127.0.0.1:24801"))
                .contains("--initial-cluster has n=http://127.0.0.2:24801 but missing from"
                        + " --initial-advertise-peer-urls=http://127.0.0.1:24801"
                        + " (resolved urls: \"http://127.0.0.1:24801\" != \"http://127.0.0.2:24801\")");
        assertThat(error("http://127.0.0.1:1", "http://127.0.0.1:1,http://127.0.0.3:1"))
                .contains("--initial-advertise-peer-urls has http://127.0.0.3:1 but missing from"
                        + " --initial-cluster=n=http://127.0.0.1:1,n=http://127.0.0.3:1");
        assertThat(error("http://127.0.0.1:1,http://127.0.0.5:5", "http://127.0.0.1:1"))
                .contains("--initial-cluster has n=http://127.0.0.5:5 but missing from"
                        + " --initial-advertise-peer-urls=http://127.0.0.1:1"
                        + " (len([\"http://127.0.0.1:1\"]) != len([\"http://127.0.0.1:1\" \"http://127.0.0.5:5\"]))");
        assertThat(error("http://nohost.test:1", "http://127.0.0.1:1"))
                .contains("--initial-cluster has n=http://nohost.test:1 but missing from"
                        + " --initial-advertise-peer-urls=http://127.0.0.1:1"
                        + " (failed to resolve \"http://nohost.test:1\" (lookup nohost.test: no such host))");
    }
}
