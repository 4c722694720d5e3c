package dev.cairn.server.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.testing.dns.NameServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Records come from a name server over the wire; hosts come from the machine, which knows itself at least. */
@Timeout(60)
class SystemNamesTest {
    private final NameServer server;
    private final SystemNames names;

    SystemNamesTest() throws IOException {
        server = new NameServer(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        names = new SystemNames("dns://127.0.0.1:" + server.port());
    }

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void shouldFindServicesInTheOrderOfTheirPreference() throws UnknownNameException {
        server.service("_etcd-server._tcp.example.test", 2, 9, 2380, "c.example.test")
                .service("_etcd-server._tcp.example.test", 1, 1, 2380, "b.example.test")
                .service("_etcd-server._tcp.example.test", 1, 5, 12380, "a.example.test");
        assertThat(names.services("_etcd-server._tcp.example.test"))
                .containsExactly(
                        new Names.Service(1, 5, 12380, "a.example.test."),
                        new Names.Service(1, 1, 2380, "b.example.test."),
                        new Names.Service(2, 9, 2380, "c.example.test."));
    }

    @Test
    void shouldSayWhichNameIsUnknown() {
        server.host("_etcd-server._tcp.hosts.test", "127.0.0.1");
        // No such name, and a name without such records.
        for (String name : List.of("_etcd-server._tcp.nowhere.test", "_etcd-server._tcp.hosts.test")) {
            assertThatThrownBy(() -> names.services(name))
                    .isInstanceOf(UnknownNameException.class)
                    .hasMessage("lookup " + name + ": no such host");
        }
        assertThatThrownBy(() -> names.address("nowhere.invalid")).hasMessage("lookup nowhere.invalid: no such host");
    }

    @Test
    void shouldTellAllNamesOfAnAddress() throws Exception {
        server.reverse("203.0.113.7", "one.test").reverse("203.0.113.7", "two.test");
        assertThat(names.hosts(InetAddress.getByName("203.0.113.7"))).contains("one.test", "two.test");
        assertThat(names.address("203.0.113.7")).isEqualTo(InetAddress.getByName("203.0.113.7"));
    }

    @Test
    void shouldWriteAddressesBackwards() throws Exception {
        assertThat(SystemNames.reversed(InetAddress.getByName("1.2.3.4"))).isEqualTo("4.3.2.1.in-addr.arpa");
        assertThat(SystemNames.reversed(InetAddress.getByName("2001:db8::1f")))
                .isEqualTo("f.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    }
}
