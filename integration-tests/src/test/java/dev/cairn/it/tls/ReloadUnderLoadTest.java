package dev.cairn.it.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: authorities, certificate, key and revocations are all exchanged under load, and not one request fails. Method: an authority is
 * replaced by another as operators do it (both, then new certificates, then the new one alone), time and again, with files that are renamed and
 * files that are written over; a lasting connection and one new connection after the other carry puts all the while.
 */
@Tag("cluster")
@Timeout(600)
class ReloadUnderLoadTest {
    private static final int ROUNDS = Integer.getInteger("cairn.reload.rounds", 4);
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String BODY = "{\"key\":\"bmV3\",\"value\":\"dg==\"}";

    @TempDir
    Path directory;

    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicInteger steady = new AtomicInteger();
    private final AtomicInteger connections = new AtomicInteger();
    private volatile @Nullable SSLContext identity;
    private final AtomicReference<@Nullable Certificate> shown = new AtomicReference<>();
    private volatile boolean done;

    private Path file(String name) {
        return directory.resolve(name);
    }

    @Test
    void shouldExchangeEverythingWithoutOneFailure() throws Exception {
        Authority current = new Authority("a0");
        Authority.Issued server = current.issue("EC", Authority.Use.SERVER, "server", "127.0.0.1");
        Authority.Issued client = current.issue("EC", Authority.Use.CLIENT, "client");
        Authority.write(server, file("cert"), file("key"));
        current.write(file("ca"));
        current.writeRevocations(file("crl"));
        try (ServerProcess process = ServerProcess.prepare(Programs.ours(), directory.resolve("server"))
                .reserve()) {
            process.withFlags(TlsDuel.secured(
                                    process,
                                    "--cert-file=" + file("cert"),
                                    "--key-file=" + file("key"),
                                    "--client-cert-auth",
                                    "--trusted-ca-file=" + file("ca"),
                                    "--client-crl-file=" + file("crl"))
                            .toArray(String[]::new))
                    .start();
            Authority.write(client, file("client.crt"), file("client.key"));
            ManagedChannel lasting = Grpc.newChannelBuilder(
                            process.target(),
                            TlsChannelCredentials.newBuilder()
                                    .trustManager(file("ca").toFile())
                                    .keyManager(
                                            file("client.crt").toFile(),
                                            file("client.key").toFile())
                                    .build())
                    .build();
            identity = Authority.context(client, List.of(current));
            List<Thread> threads = List.of(
                    new Thread(() -> puts(lasting), "lasting"), new Thread(() -> connects(process), "connecting"));
            try {
                threads.forEach(Thread::start);
                awaitConnections(3);
                for (int round = 1; round <= ROUNDS; round++) {
                    Replacement how = Replacement.values()[round % 2];
                    current = exchange(process, how, current, new Authority("a" + round));
                }
                int before = steady.get();
                await().atMost(LIMIT).until(() -> steady.get() > before || !failures.isEmpty());
            } finally {
                done = true;
                for (Thread thread : threads) {
                    thread.join(LIMIT.toMillis());
                }
                lasting.shutdownNow();
            }
            assertThat(failures).isEmpty();
            assertThat(connections.get()).isGreaterThan(ROUNDS * 10);
            assertThat(process.log())
                    .contains("TLS files have changed and are in use")
                    .contains("changed TLS files cannot be used; the last good ones stay in use");
        }
    }

    private Authority exchange(ServerProcess process, Replacement how, Authority old, Authority next)
            throws GeneralSecurityException, IOException {
        SSLContext former = Objects.requireNonNull(identity);
        Runnable between = () -> awaitConnections(2);
        how.replace(file("ca"), old.pem() + next.pem(), between);
        Authority.Issued client = next.issue("EC", Authority.Use.CLIENT, "client");
        identity = Authority.context(client, List.of(old, next));
        awaitConnections(3);
        Authority.Issued server = next.issue("EC", Authority.Use.SERVER, "server", "127.0.0.1");
        how.replace(file("cert"), server.certificatePem(), between);
        // The pair does not fit now.
        awaitConnections(2);
        how.replace(file("key"), server.keyPem(), between);
        await("the new certificate")
                .atMost(LIMIT)
                .until(() -> server.certificate().equals(shown.get()) || !failures.isEmpty());
        how.replace(file("ca"), next.pem(), between);
        Authority.Issued revoked = next.issue("EC", Authority.Use.CLIENT, "client");
        SSLContext asRevoked = Authority.context(revoked, List.of(next));
        awaitConnections(2);
        assertThat(failure(process, former)).as("the old authority").isNotNull();
        assertThat(failure(process, asRevoked)).as("not revoked yet").isNull();
        next.writeRevocations(file("crl.next"), revoked);
        how.replace(file("crl"), java.nio.file.Files.readAllBytes(file("crl.next")), between);
        awaitConnections(2);
        // The same context would resume its session if it could.
        assertThat(failure(process, asRevoked)).as("revoked").isNotNull();
        return next;
    }

    private void awaitConnections(int more) {
        int wanted = connections.get() + more;
        await(more + " more connections")
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(2))
                .until(() -> connections.get() >= wanted || !failures.isEmpty());
    }

    private void puts(ManagedChannel channel) {
        PutRequest put = PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8("steady"))
                .setValue(ByteString.copyFromUtf8("v"))
                .build();
        while (!done) {
            try {
                KVGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(LIMIT.toSeconds(), TimeUnit.SECONDS)
                        .put(put);
                steady.incrementAndGet();
            } catch (RuntimeException e) {
                failures.add("lasting connection: " + e);
                return;
            }
        }
    }

    private void connects(ServerProcess process) {
        while (!done) {
            IOException failure = failure(process, Objects.requireNonNull(identity));
            if (failure != null) {
                failures.add("new connection " + connections.get() + ": " + failure);
                return;
            }
            connections.incrementAndGet();
        }
    }

    /** Why a put over a new connection fails; null when it does not. */
    private @Nullable IOException failure(ServerProcess process, SSLContext context) {
        String[] target = process.target().split(":", 2);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket()) {
            socket.connect(new InetSocketAddress(target[0], Integer.parseInt(target[1])), (int) LIMIT.toMillis());
            socket.setSoTimeout((int) LIMIT.toMillis());
            socket.getOutputStream()
                    .write(("POST /v3/kv/put HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: "
                                    + BODY.length() + "\r\n\r\n" + BODY)
                            .getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            if (!answer.startsWith("HTTP/1.1 200 ") || !answer.contains("\"revision\"")) {
                return new IOException("answered " + answer);
            }
            if (context == identity) {
                shown.set(socket.getSession().getPeerCertificates()[0]);
            }
            return null;
        } catch (IOException e) {
            return e;
        }
    }
}
