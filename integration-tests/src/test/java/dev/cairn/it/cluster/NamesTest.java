package dev.cairn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.cairn.it.process.ServerProcess;
import dev.cairn.it.tls.Authority;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What members do with names of hosts and services, beside etcd, with a name server of the test's own. */
@Tag("cluster")
@Timeout(600)
class NamesTest {
    private static final Pattern ERROR =
            Pattern.compile("\"msg\":\"discovery failed\".*?\"error\":\"((?:[^\"\\\\]|\\\\.)*)\"");

    @TempDir
    Path directory;

    @Test
    void shouldFoundOneClusterOfBothMakesByTheRecordsOfADomain() throws IOException {
        try (OwnResolver names = OwnResolver.start(directory);
                Group group = Group.found(directory)) {
            for (Path server : List.of(Group.real(), Group.ours(), Group.real())) {
                int member = group.prepare(names.around(server));
                String host = "m" + member + ".d.test";
                names.server
                        .host(host, "127.0.0.1")
                        .service("_etcd-server-x._tcp.d.test", 0, member, port(group.member(member)), host);
                group.member(member)
                        .withFlags(
                                "--name=m" + member,
                                "--initial-cluster=",
                                "--discovery-srv=d.test",
                                "--discovery-srv-name=x");
            }
            group.start(0, 1, 2);
            group.ctlUntilDone(1, "put", "k", "v");
            group.awaitEqualStores();
            String members = group.ctlUntilDone(1, "member", "list");
            for (int i = 0; i < 3; i++) {
                // The records' URLs, not those that are advertised, are the cluster's.
                assertThat(members).contains("m" + i + ", http://m" + i + ".d.test:" + port(group.member(i)));
            }
            assertThat(group.member(1).logTail())
                    .contains("get cluster for etcd-server-ssl SRV")
                    .contains("got bootstrap from DNS for etcd-server");
        }
    }

    @Test
    void shouldRefuseRecordsAsEtcdDoes() throws IOException {
        try (OwnResolver names = OwnResolver.start(directory);
                Group group = Group.found(directory)) {
            List<List<String>> errors = new ArrayList<>();
            for (Path server : List.of(Group.real(), Group.ours())) {
                int member = group.prepare(names.around(server));
                names.server
                        .host("other.test", "127.0.0.1")
                        .service("_etcd-server._tcp.strangers.test", 0, 0, 1, "other.test")
                        .service("_etcd-server._tcp.lost.test", 0, 0, 1, "nowhere.test");
                List<String> told = new ArrayList<>();
                for (String domain : List.of("empty.test", "strangers.test", "lost.test")) {
                    group.member(member).withFlags("--name=m", "--initial-cluster=", "--discovery-srv=" + domain);
                    assertThat(group.member(member).tryStart(Group.LIMIT)).contains("exit code 1");
                    told.add(error(group.member(member).logTail()));
                }
                errors.add(told);
            }
            assertThat(errors.get(1)).isEqualTo(errors.get(0));
            assertThat(errors.get(0).get(1))
                    .contains("error setting up initial cluster: cannot find local etcd member");
        }
    }

    /** Where everybody's authorities are trusted, members have to show certificates for the domain, not for their hosts. */
    @Test
    void shouldExpectCertificatesForTheDomain() throws GeneralSecurityException, IOException {
        try (OwnResolver names = OwnResolver.start(directory);
                Group group = Group.found(directory)) {
            Authority authority = new Authority();
            Path trusted = directory.resolve("ca.pem");
            Path store = directory.resolve("ca.p12");
            Path certificate = directory.resolve("domain.pem");
            Path key = directory.resolve("domain.key");
            authority.write(trusted);
            authority.writeStore(store);
            Authority.write(authority.issue("member", "d.test"), certificate, key);
            for (Path server : List.of(Group.real(), Group.ours(), Group.real())) {
                int member = group.prepare(names.around(
                        server,
                        "SSL_CERT_FILE=" + trusted,
                        "CAIRN_JAVA_OPTS=-Djavax.net.ssl.trustStore=" + store
                                + " -Djavax.net.ssl.trustStorePassword=x"));
                String host = "m" + member + ".d.test";
                String url = group.member(member).peerUrl().replaceFirst("^http:", "https:");
                names.server
                        .host(host, "127.0.0.1")
                        .service("_etcd-server-ssl._tcp.d.test", 0, 0, port(group.member(member)), host);
                group.member(member)
                        .withFlags(
                                "--name=m" + member,
                                "--initial-cluster=",
                                "--discovery-srv=d.test",
                                "--listen-peer-urls=" + url,
                                "--initial-advertise-peer-urls=" + url,
                                "--peer-cert-file=" + certificate,
                                "--peer-key-file=" + key);
            }
            group.start(0, 1, 2);
            group.makeLeader(1);
            group.ctlUntilDone(0, "put", "k", "v");
            group.awaitEqualStores();
        }
    }

    @Test
    void shouldTellAsEtcdDoesWhoseUrlsDoNotMatch() throws IOException {
        try (Group group = Group.found(directory, Group.real())) {
            assertThat(group.ctl(0, "member", "add", "m1", "--peer-urls=http://127.0.0.1:2")
                            .exit())
                    .isZero();
            List<String> told = new ArrayList<>();
            for (Path server : List.of(Group.real(), Group.ours())) {
                int stranger = group.prepare(server);
                group.member(stranger)
                        .withFlags(
                                "--name=x",
                                "--initial-cluster-state=existing",
                                "--initial-cluster=m0=" + group.member(0).peerUrl() + ",x=http://127.0.0.1:1");
                assertThat(group.member(stranger).tryStart(Group.LIMIT)).contains("exit code 1");
                String error = error(group.member(stranger).logTail());
                // etcd tells the members in no order.
                assertThat(error)
                        .startsWith("error validating peerURLs {ClusterID:")
                        .contains(" RaftAttributes:{PeerURLs:[http://127.0.0.1:2] IsLearner:false}"
                                + " Attributes:{Name: ClientURLs:[]}}")
                        .contains(" Attributes:{Name:m0 ClientURLs:["
                                + group.member(0).clientUrl() + "]}}");
                told.add(error.substring(error.indexOf("RemovedMemberIDs:")));
            }
            assertThat(told.get(1)).isEqualTo(told.get(0)).contains("no match found for existing member");
        }
    }

    @Test
    void shouldFindTheSameUrlsBehindNamesAndAddresses() throws IOException {
        try (OwnResolver names = OwnResolver.start(directory);
                Group group = Group.found(directory)) {
            for (Path server : List.of(Group.real(), Group.ours())) {
                int member = group.prepare(names.around(server));
                names.server.host("m" + member + ".d.test", "127.0.0.1");
            }
            // Both advertise addresses.
            String founders = "m0=" + named(group, 0) + ",m1=" + named(group, 1);
            for (int i = 0; i < 2; i++) {
                group.member(i).withFlags("--name=m" + i, "--initial-cluster=" + founders);
            }
            group.start(0, 1);
            group.ctlUntilDone(1, "put", "k", "v");

            int joiner = group.prepare(names.around(Group.ours()));
            names.server.host("m2.d.test", "127.0.0.1");
            await().atMost(Group.LIMIT)
                    .pollInterval(Duration.ofSeconds(1))
                    .until(() -> group.ctl(0, "member", "add", "m2", "--peer-urls=" + named(group, joiner))
                                    .exit()
                            == 0);
            group.member(joiner)
                    .withFlags(
                            "--name=m2",
                            "--initial-cluster-state=existing",
                            "--initial-cluster=m0=" + group.member(0).peerUrl() + ",m1="
                                    + group.member(1).peerUrl() + ",m2="
                                    + group.member(joiner).peerUrl());
            group.start(joiner);
            assertThat(group.values(joiner, "k")).containsExactly("v");
            group.awaitEqualStores();
        }
    }

    private static String named(Group group, int member) {
        return "http://m" + member + ".d.test:" + port(group.member(member));
    }

    private static int port(ServerProcess server) {
        return Integer.parseInt(server.peerUrl().substring(server.peerUrl().lastIndexOf(':') + 1));
    }

    /** Why a member ended, without the address of the name server, which only Go's resolver tells. */
    private static String error(String log) {
        Matcher found = ERROR.matcher(log);
        assertThat(found.find()).as(log).isTrue();
        return found.group(1).replaceAll(" on [0-9.]+:[0-9]+", "").replaceAll("\\.: no such host", ": no such host");
    }
}
