package dev.cairn.server.tls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.names.KnownNames;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.cert.X509Certificate;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The rule and the texts are those of etcd 3.7.1. */
class CertificateAddressTest {
    private static final String HOME = "10.0.0.1";
    private final TestAuthority authority = new TestAuthority("authority");
    private final KnownNames names = new KnownNames();

    private @Nullable String refusal(String... alternatives) throws UnknownHostException {
        return new CertificateAddress(names).refusal(certificate(alternatives), InetAddress.getByName(HOME));
    }

    private X509Certificate certificate(String... alternatives) {
        return authority.client("m", alternatives).certificate();
    }

    @Test
    void shouldDecideWithoutNamesWhereItCan() throws UnknownHostException {
        assertThat(refusal()).isNull();
        assertThat(refusal(HOME)).isNull();
        assertThat(refusal("10.0.0.9", HOME, "elsewhere.test")).isNull();
        assertThat(refusal("10.0.0.9", "10.0.0.8"))
                .isEqualTo("x509: certificate is valid for 10.0.0.9, 10.0.0.8, not 10.0.0.1");
        assertThat(names.questions).hasValue(0);
        InetAddress home = InetAddress.getByName(HOME);
        assertThat(CertificateAddress.isPlain(certificate("10.0.0.9"), home)).isTrue();
        assertThat(CertificateAddress.isPlain(certificate(HOME, "a.test"), home))
                .isTrue();
        assertThat(CertificateAddress.isPlain(certificate("10.0.0.9", "a.test"), home))
                .isFalse();
    }

    @Test
    void shouldAcceptAHostThatHasTheAddress() throws UnknownHostException {
        names.host("a.test", "10.0.0.7", HOME).host("b.test", "10.0.0.2");
        assertThat(refusal("b.test", "a.test")).isNull();
        assertThat(refusal("10.0.0.9", "a.test")).isNull();
        assertThat(refusal("b.test"))
                .isEqualTo("tls: \"10.0.0.1\" does not match any of DNSNames [\"b.test\"]"
                        + " (lookup 10.0.0.1: no such host)");
    }

    @Test
    void shouldAcceptAHostThatTheAddressIsKnownBy() throws UnknownHostException {
        names.reverse.put(HOME, List.of("x.y.wild.test", "plain.test"));
        assertThat(refusal("plain.test")).isNull();
        assertThat(refusal("*.wild.test")).isNull();
        // A wildcard is no host that could be looked up.
        assertThat(refusal("*.other.test"))
                .isEqualTo("tls: \"10.0.0.1\" does not match any of DNSNames [\"*.other.test\"]");
        assertThat(refusal("nowhere.test"))
                .isEqualTo("tls: \"10.0.0.1\" does not match any of DNSNames [\"nowhere.test\"]"
                        + " (lookup nowhere.test: no such host)");
    }
}
