package dev.cairn.server.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.names.KnownNames;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SrvDiscoveryTest {
    private static final String SECURE = "_etcd-server-ssl._tcp.d.test";
    private static final String PLAIN = "_etcd-server._tcp.d.test";
    private final KnownNames names = new KnownNames()
            .host("a.d.test", "10.0.0.1")
            .host("b.d.test", "10.0.0.2")
            .host("c.d.test", "10.0.0.3");

    private List<String> nodes(String suffix, String... advertised) throws Exception {
        List<EtcdUrl> urls = new ArrayList<>();
        for (String url : advertised) {
            urls.add(EtcdUrl.parse(url));
        }
        return new SrvDiscovery(names, "me", "d.test", suffix, urls).nodes();
    }

    @Test
    void shouldNameItselfByAddressAndNumberTheOthers() throws Exception {
        names.service(PLAIN, 1, "a.d.test.").service(PLAIN, 1, "b.d.test.").service(PLAIN, 1, "c.d.test");
        assertThat(nodes("", "http://10.0.0.2:1"))
                .containsExactly("0=http://a.d.test:1", "me=http://b.d.test:1", "1=http://c.d.test:1");
        assertThat(nodes("", "http://10.0.0.2:2"))
                .containsExactly("0=http://a.d.test:1", "1=http://b.d.test:1", "2=http://c.d.test:1");
    }

    @Test
    void shouldPutBothServicesTogether() throws Exception {
        names.service(SECURE, 1, "a.d.test.").service(SECURE, 1, "b.d.test.").service(PLAIN, 3, "c.d.test.");
        // As in etcd, each service begins to count anew.
        assertThat(nodes("", "https://a.d.test:1"))
                .containsExactly("me=https://a.d.test:1", "0=https://b.d.test:1", "0=http://c.d.test:3");
    }

    @Test
    void shouldLeaveOutItselfUnderTheOtherScheme() throws Exception {
        names.service(SECURE, 1, "a.d.test.").service(PLAIN, 1, "a.d.test.").service(PLAIN, 1, "b.d.test.");
        assertThat(nodes("", "http://10.0.0.1:1")).containsExactly("me=http://a.d.test:1", "0=http://b.d.test:1");
    }

    @Test
    void shouldAskForTheServiceWithTheSuffix() throws Exception {
        names.service("_etcd-server-x._tcp.d.test", 1, "a.d.test.");
        assertThat(nodes("x", "http://10.0.0.1:1")).containsExactly("me=http://a.d.test:1");
    }

    @Test
    void shouldPassOverTargetsThatAreNotKnown() throws Exception {
        names.service(PLAIN, 1, "nowhere.d.test.").service(PLAIN, 1, "a.d.test.");
        assertThat(nodes("", "http://10.0.0.1:1")).containsExactly("me=http://a.d.test:1");
    }

    @Test
    void shouldTellWhyNobodyWasFound() {
        names.service(PLAIN, 1, "nowhere.d.test.");
        assertThatThrownBy(() -> nodes("", "http://10.0.0.1:1"))
                .isInstanceOf(SrvDiscovery.NobodyFound.class)
                .hasMessage("error querying DNS SRV records for _etcd-server-ssl lookup " + SECURE + ": no such host\n"
                        + "error querying DNS SRV records for _etcd-server lookup nowhere.d.test: no such host");
        assertThatThrownBy(() -> nodes("", "http://nowhere.d.test:1"))
                .hasMessage("lookup nowhere.d.test: no such host\nlookup nowhere.d.test: no such host");
    }
}
