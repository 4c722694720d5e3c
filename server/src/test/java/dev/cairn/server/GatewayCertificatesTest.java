package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.tls.TestAuthority;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: at the gateway a certificate is nobody's name. Method: a member with TLS and users, certificates of the test. */
@Timeout(60)
class GatewayCertificatesTest {
    private static final String REFUSED =
            "CommonName of client sending a request against gateway will be ignored and not used as expected\n";

    private final TestAuthority authority = new TestAuthority("ca");

    @TempDir
    Path directory;

    private HttpClient client(String commonName) throws Exception {
        TestAuthority.Issued own = authority.client(commonName, "127.0.0.1");
        KeyStore anchors = KeyStore.getInstance("PKCS12");
        anchors.load(null, null);
        anchors.setCertificateEntry("ca", authority.certificate());
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(anchors);
        KeyStore identity = KeyStore.getInstance("PKCS12");
        identity.load(null, null);
        identity.setKeyEntry("own", own.keys().getPrivate(), new char[0], new Certificate[] {own.certificate()});
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(identity, new char[0]);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(context)
                .build();
    }

    @Test
    void shouldRefuseNamesInCertificatesOnceUsersAreOn() throws Exception {
        authority.server("EC", "127.0.0.1").write(directory.resolve("cert"), directory.resolve("key"));
        authority.write(directory.resolve("ca"));
        try (RunningMember member = new RunningMember(
                directory.resolve("data"),
                "--listen-client-urls=https://127.0.0.1:0",
                "--advertise-client-urls=https://127.0.0.1:1",
                "--cert-file=" + directory.resolve("cert"),
                "--key-file=" + directory.resolve("key"),
                "--trusted-ca-file=" + directory.resolve("ca"),
                "--client-cert-auth")) {
            HttpClient root = client("root");
            String range = "{\"key\":\"YQ==\"}";
            assertThat(post(root, member, "/v3/kv/range", range).statusCode()).isEqualTo(200);
            post(root, member, "/v3/auth/user/add", "{\"name\":\"root\",\"password\":\"r\"}");
            post(root, member, "/v3/auth/role/add", "{\"name\":\"root\"}");
            post(root, member, "/v3/auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
            assertThat(post(root, member, "/v3/auth/enable", "").statusCode()).isEqualTo(200);
            for (String path : new String[] {"/v3/kv/range", "/v3beta/kv/range", "/v3/nope"}) {
                HttpResponse<String> refused = post(root, member, path, range);
                assertThat(refused.statusCode()).as(path).isEqualTo(400);
                assertThat(refused.body()).isEqualTo(REFUSED);
                assertThat(refused.headers().firstValue("access-control-allow-origin"))
                        .isEmpty();
            }
            assertThat(post(root, member, "/version", "").statusCode()).isEqualTo(405);
            HttpResponse<String> nobody = post(client(""), member, "/v3/kv/range", range);
            assertThat(nobody.statusCode()).isEqualTo(400);
            assertThat(nobody.body()).isEqualTo("{\"code\":3,\"message\":\"etcdserver: user name is empty\"}");
            // The v2 API is not reached through a gateway: there the name counts, and who says another one has to prove
            // it.
            assertThat(post(root, member, "/v2/members", "{}").statusCode()).isNotEqualTo(401);
            assertThat(post(client(""), member, "/v2/members", "{}").statusCode())
                    .isEqualTo(401);
            assertThat(post(client("stranger"), member, "/v2/members", "{}").statusCode())
                    .isEqualTo(401);
        }
    }

    private static HttpResponse<String> post(HttpClient client, RunningMember member, String path, String body)
            throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + member.clientPort() + path))
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
