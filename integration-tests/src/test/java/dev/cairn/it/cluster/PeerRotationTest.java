package dev.cairn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.it.tls.Authority;
import dev.cairn.it.tls.Replacement;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the authority of a cluster's peers is replaced by another without a restart and without one failed request. Method: three members
 * under puts; both authorities everywhere, then new certificates, then the new authority alone; afterwards only the new ones count
 * for new connections, and members that restart find each other by them.
 */
@Tag("cluster")
@Timeout(600)
class PeerRotationTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int MEMBERS = 3;

    @TempDir
    Path directory;

    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final List<AtomicInteger> puts = new ArrayList<>();
    private volatile boolean done;

    private Path file(int member, String name) {
        return directory.resolve("m" + member + "." + name);
    }

    @Test
    void shouldReplaceTheAuthorityWithoutOneFailure() throws Exception {
        Authority old = new Authority("old");
        Authority next = new Authority("next");
        try (Group group = Group.found(directory)) {
            List<String> cluster = new ArrayList<>();
            for (int i = 0; i < MEMBERS; i++) {
                group.prepare(Group.ours());
                cluster.add("m" + i + "=" + secure(group.member(i)));
            }
            for (int i = 0; i < MEMBERS; i++) {
                old.write(file(i, "ca"));
                Authority.write(old.issue("member", "127.0.0.1"), file(i, "crt"), file(i, "key"));
                group.member(i)
                        .withFlags(
                                "--name=m" + i,
                                "--initial-cluster=" + String.join(",", cluster),
                                "--listen-peer-urls=" + secure(group.member(i)),
                                "--initial-advertise-peer-urls=" + secure(group.member(i)),
                                "--peer-trusted-ca-file=" + file(i, "ca"),
                                "--peer-client-cert-auth",
                                "--peer-cert-file=" + file(i, "crt"),
                                "--peer-key-file=" + file(i, "key"));
            }
            group.start(0, 1, 2);
            group.awaitLeader();
            List<Thread> load = new ArrayList<>();
            for (int i = 0; i < MEMBERS; i++) {
                puts.add(new AtomicInteger());
                int member = i;
                load.add(new Thread(() -> put(group.member(member), puts.get(member)), "load"));
            }
            load.forEach(Thread::start);
            try {
                awaitPuts();
                // Each in another way, so that in-place changes are met as well.
                for (int i = 0; i < MEMBERS; i++) {
                    way(i).replace(file(i, "ca"), old.pem() + next.pem(), this::awaitPuts);
                    awaitPuts();
                }
                for (int i = 0; i < MEMBERS; i++) {
                    Authority.Issued issued = next.issue("member", "127.0.0.1");
                    way(i).replace(file(i, "crt"), issued.certificatePem(), this::awaitPuts);
                    awaitPuts();
                    way(i).replace(file(i, "key"), issued.keyPem(), this::awaitPuts);
                    awaitPuts();
                    assertThat(shown(
                                    group.member(i),
                                    Authority.context(next.issue("probe", "127.0.0.1"), List.of(next))))
                            .as("the new certificate")
                            .isEqualTo(issued.certificate());
                }
                for (int i = 0; i < MEMBERS; i++) {
                    way(i).replace(file(i, "ca"), next.pem(), this::awaitPuts);
                    awaitPuts();
                    assertThat(shown(
                                    group.member(i), Authority.context(old.issue("probe", "127.0.0.1"), List.of(next))))
                            .as("the old authority is not believed any more")
                            .isNull();
                }
                awaitPuts();
            } finally {
                done = true;
                for (Thread thread : load) {
                    thread.join(LIMIT.toMillis());
                }
            }
            assertThat(failures).isEmpty();
            for (int i = 0; i < MEMBERS; i++) {
                group.member(i).terminate(LIMIT);
                group.start(i);
                group.ctlUntilDone(i, "put", "after", "restart");
            }
            group.awaitEqualStores();
        }
    }

    private static Replacement way(int member) {
        return Replacement.values()[member % Replacement.values().length];
    }

    /** Waits until every member has answered some more. */
    private void awaitPuts() {
        int[] wanted = puts.stream().mapToInt(count -> count.get() + 5).toArray();
        await("answers of every member")
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(5))
                .until(() -> {
                    for (int i = 0; i < wanted.length; i++) {
                        if (puts.get(i).get() < wanted[i]) {
                            return !failures.isEmpty();
                        }
                    }
                    return true;
                });
    }

    private void put(ServerProcess member, AtomicInteger count) {
        ManagedChannel channel =
                NettyChannelBuilder.forTarget(member.target()).usePlaintext().build();
        try {
            PutRequest put = PutRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8("k"))
                    .setValue(ByteString.copyFromUtf8("v"))
                    .build();
            while (!done) {
                KVGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(LIMIT.toSeconds(), TimeUnit.SECONDS)
                        .put(put);
                count.incrementAndGet();
            }
        } catch (RuntimeException e) {
            failures.add(member.target() + ": " + e);
        } finally {
            channel.shutdownNow();
        }
    }

    /** The certificate of an answered connection to the peer port; null when there is no answer. */
    private static @Nullable X509Certificate shown(ServerProcess member, SSLContext context) {
        String[] at = member.peerUrl().replaceFirst("^[a-z]+://", "").split(":", 2);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket()) {
            socket.connect(new InetSocketAddress(at[0], Integer.parseInt(at[1])), (int) LIMIT.toMillis());
            socket.setSoTimeout((int) LIMIT.toMillis());
            socket.getOutputStream()
                    .write("GET /version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            return answer.startsWith("HTTP/1.1 200 ")
                    ? (X509Certificate) socket.getSession().getPeerCertificates()[0]
                    : null;
        } catch (IOException e) {
            return null;
        }
    }

    private static String secure(ServerProcess member) {
        return member.peerUrl().replaceFirst("^http:", "https:");
    }
}
