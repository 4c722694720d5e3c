package dev.cairn.peers;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslProvider;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two transports, or one and something that behaves badly, over real sockets. */
@Timeout(60)
class PeerTransportTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final long A = 0xaL;
    private static final long B = 0xbL;

    @Test
    void shouldCarryMessagesOfAllKindsOverStreams() {
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(B)) {
            connect(a, b);
            RandomMessages random = new RandomMessages(new Random(7));
            List<Message> messages = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                Message message = random.next();
                if (message.type() != MessageType.SNAP && message.type() != MessageType.APP) {
                    messages.add(message.toBuilder().from(A).to(B).build());
                }
            }
            a.transport.send(messages);

            awaiting().untilAsserted(() -> assertThat(b.received).isEqualTo(messages));
            assertThat(a.transport.activePeers()).isEqualTo(1);
            awaiting().untilAsserted(() -> assertThat(a.roundTrips).containsKey(B));
            awaiting().untilAsserted(() -> assertThat(a.sentBytes.get()).isGreaterThan(10_000));
            assertThat(b.receivedBytes.get()).isGreaterThan(10_000);
            assertThat(a.unreachable).isEmpty();
        }
    }

    @Test
    void shouldKeepTheOrderOfAppendsWhileOthersPass() {
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(B)) {
            connect(a, b);
            int count = 2000;
            for (int i = 0; i < count; i++) {
                a.transport.send(List.of(append(i, 4096), heartbeat(i)));
                if (i % 500 == 499) {
                    // The queue holds no more than it holds.
                    int sent = i + 1;
                    awaiting().until(() -> b.received.size() == 2 * sent);
                }
            }

            List<Long> appended = b.received.stream()
                    .filter(message -> message.type() == MessageType.APP)
                    .map(Message::index)
                    .toList();
            assertThat(appended).hasSize(count).isSorted();
            assertThat(a.unreachable).isEmpty();
        }
    }

    @Test
    void shouldStayConnectedWithoutMessages() throws InterruptedException {
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(B)) {
            connect(a, b);
            // Nothing but the signs of life keeps the streams open; a longer time than the limit has to pass.
            Thread.sleep(2 * TestMember.READ_TIMEOUT.toMillis());

            assertThat(a.activeChanges).hasValue(1);
            assertThat(b.activeChanges).hasValue(1);
            a.transport.send(List.of(heartbeat(1)));
            awaiting().until(() -> b.received.size() == 1);
            assertThat(a.unreachable).isEmpty();
        }
    }

    @Test
    void shouldAnswerAMemberThatItDoesNotKnowYet() {
        try (TestMember b = new TestMember(B);
                TestMember a = new TestMember(
                        A,
                        new TestMember.Options(
                                PeerConfig.of(A, TestMember.CLUSTER, List.of("http://127.0.0.1:2"), Duration.ZERO),
                                null,
                                null,
                                null))) {
            a.transport.addPeer(B, List.of(b.url()));
            a.transport.send(List.of(heartbeat(1)));

            awaiting().until(() -> b.received.size() == 1);
            assertThat(b.transport.activePeers()).isZero();
            // The address that a has told is a dead one: so the answer is seen to be tried.
            b.transport.send(List.of(
                    Message.builder(MessageType.HEARTBEAT_RESP).to(A).from(B).build()));
            awaiting().untilAsserted(() -> assertThat(b.unreachable).contains(A));
        }
    }

    @Test
    void shouldFindThePeerAgainAfterACut() throws IOException {
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(B);
                Link toA = new Link(a.port());
                Link toB = new Link(b.port())) {
            a.transport.addPeer(B, List.of(toB.url()));
            b.transport.addPeer(A, List.of(toA.url()));
            awaitStreams(a, b);

            toA.cut();
            toB.cut();
            awaiting().until(() -> !a.isActive(B) && !b.isActive(A) && detached(a, B));
            // What was said of messages that were on their way does not count.
            a.unreachable.clear();
            a.transport.send(List.of(heartbeat(77)));
            awaiting().untilAsserted(() -> assertThat(a.unreachable).contains(B));

            toA.mend();
            toB.mend();
            awaiting().until(() -> a.isActive(B) && b.isActive(A));
            awaitStreams(a, b);
            assertThat(b.received).noneMatch(message -> message.commit() == 77);
        }
    }

    @Test
    void shouldGiveUpConnectionsThatHaveGoneSilent() throws IOException {
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(B);
                Link toA = new Link(a.port());
                Link toB = new Link(b.port())) {
            a.transport.addPeer(B, List.of(toB.url()));
            b.transport.addPeer(A, List.of(toA.url()));
            awaitStreams(a, b);

            toA.silence();
            toB.silence();
            awaiting().until(() -> !a.isActive(B) && !b.isActive(A));

            toA.mend();
            toB.mend();
            awaiting().until(() -> a.isActive(B) && b.isActive(A));
            awaitStreams(a, b);
        }
    }

    @Test
    void shouldGiveUpAStreamThatTakesNothingByTheWriteTimeoutAlone() throws IOException {
        PeerConfig config = TestMember.config(A, TestMember.CLUSTER)
                .withTimes(Duration.ofHours(1), Duration.ofHours(1))
                .withWriteTimeout(Duration.ofMillis(300));
        try (TestMember a = new TestMember(A, new TestMember.Options(config, null, null, null));
                ServerSocket nobody = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket deaf = new Socket(InetAddress.getLoopbackAddress(), a.port())) {
            a.transport.addPeer(B, List.of("http://127.0.0.1:" + nobody.getLocalPort()));
            askForStream(deaf, StreamKind.MESSAGE, B, A);
            Peer peer = requireNonNull(a.transport.peer(B));
            awaiting().until(() -> peer.isAttached(StreamKind.MESSAGE));
            Message large = Message.builder(MessageType.PROP)
                    .to(B)
                    .from(A)
                    .entries(List.of(Entry.proposal(ByteString.copyFrom(new byte[64 << 10]))))
                    .build();
            for (int i = 0; i < 1000; i++) {
                a.transport.send(List.of(large));
            }
            awaiting().until(() -> !peer.isAttached(StreamKind.MESSAGE));
        }
    }

    @Test
    void shouldDropAndReportWhatAPeerDoesNotTake() throws IOException {
        try (TestMember a = new TestMember(A);
                ServerSocket nobody = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket deaf = new Socket(InetAddress.getLoopbackAddress(), a.port())) {
            a.transport.addPeer(B, List.of("http://127.0.0.1:" + nobody.getLocalPort()));
            askForStream(deaf, StreamKind.MESSAGE, B, A);
            Peer peer = requireNonNull(a.transport.peer(B));
            awaiting().until(() -> peer.isAttached(StreamKind.MESSAGE));

            // More than sockets and buffers hold, and then more than the queue holds.
            Message large = Message.builder(MessageType.PROP)
                    .to(B)
                    .from(A)
                    .entries(List.of(Entry.proposal(ByteString.copyFrom(new byte[64 << 10]))))
                    .build();
            for (int i = 0; i < StreamWriter.QUEUE_MESSAGES_MAX + 2000; i++) {
                a.transport.send(List.of(large));
            }
            assertThat(a.unreachable).contains(B);

            // And the connection is given up, although the other end never said a word.
            awaiting().until(() -> !peer.isAttached(StreamKind.MESSAGE));
        }
    }

    @Test
    void shouldSayThatAMemberWasRemoved() {
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(B)) {
            b.removedMembers.add(A);
            a.transport.addPeer(B, List.of(b.url()));

            awaiting().until(() -> a.toldRemoved.get() == B);
            assertThat(a.isActive(B)).isFalse();
        }
    }

    @Test
    void shouldTakeNothingFromARemovedMember() {
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(B)) {
            connect(a, b);
            b.removedMembers.add(A);
            a.transport.send(List.of(heartbeat(1), snapshot(1)));
            a.transport.sendSnapshot(new TestSource(snapshot(2), new ByteArrayInputStream(new byte[10])));

            awaiting().untilAsserted(() -> assertThat(a.snapshotReports).containsExactly(false, false));
            assertThat(b.received).isEmpty();
            assertThat(b.sinkCalls).isEmpty();
        }
    }

    @Test
    void shouldUnderstandAnAnswerThatSaysRemoved() {
        String removed = "{\"message\":\"cannot process message from removed member\"}";

        assertThat(PostOutcome.saysRemoved(new HttpConnection.Result.Answer(403, removed)))
                .isTrue();
        assertThat(PostOutcome.saysRemoved(new HttpConnection.Result.Answer(403, "{}")))
                .isFalse();
        assertThat(PostOutcome.saysRemoved(new HttpConnection.Result.Failure("EOF")))
                .isFalse();
        assertThat(PostOutcome.failure(new HttpConnection.Result.Answer(204, "")))
                .isNull();
        assertThat(PostOutcome.failure(new HttpConnection.Result.Answer(403, removed)))
                .isEqualTo(removed);
    }

    @Test
    void shouldNotTalkWithAnotherCluster() {
        try (TestMember a = new TestMember(A);
                TestMember b =
                        new TestMember(B, new TestMember.Options(TestMember.config(B, 0xc2), null, null, null))) {
            a.transport.addPeer(B, List.of(b.url()));
            b.transport.addPeer(A, List.of(a.url()));
            a.transport.send(List.of(heartbeat(1)));

            awaiting().untilAsserted(() -> assertThat(a.unreachable).contains(B));
            assertThat(b.received).isEmpty();
            assertThat(a.isActive(B)).isFalse();
            assertThat(b.isActive(A)).isFalse();
        }
    }

    @Test
    void shouldTryOneUrlAfterTheOther() throws IOException {
        int dead;
        try (ServerSocket unused = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            dead = unused.getLocalPort();
        }
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(B)) {
            a.transport.addPeer(B, List.of("http://127.0.0.1:" + dead, b.url()));
            b.transport.addPeer(A, List.of("http://127.0.0.1:" + dead));
            awaiting().until(() -> a.isActive(B));

            b.transport.updatePeer(A, List.of(a.url()));
            awaitStreams(a, b);
        }
    }

    @Test
    void shouldEndAllWithARemovedPeer() {
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(B)) {
            connect(a, b);
            a.transport.removePeer(B);

            assertThat(a.transport.activeSince(B)).isNull();
            assertThat(a.activeChanges).hasValue(0);
            awaiting().until(() -> !b.isActive(A));
            a.transport.send(List.of(heartbeat(1)));
            a.transport.addPeer(B, List.of(b.url()));
            awaitStreams(a, b);
            assertThat(b.received).noneMatch(message -> message.commit() == 1);
        }
    }

    @Test
    void shouldDropMessagesWhenTheHostIsFull() {
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(B)) {
            connect(a, b);
            b.full = true;
            a.transport.send(List.of(heartbeat(5)));
            b.transport.send(List.of(heartbeat(6).toBuilder().from(B).to(A).build()));
            awaiting().until(() -> a.received.size() == 1);
            awaiting().until(() -> a.sentBytes.get() > 0);
            b.full = false;
            a.transport.send(List.of(heartbeat(7)));

            awaiting().until(() -> b.received.stream().anyMatch(message -> message.commit() == 7));
        }
    }

    @Test
    void shouldSpeakTls() throws Exception {
        SslContext server;
        SslContext client;
        try (InputStream cert = resource("cert.pem");
                InputStream key = resource("key.pem");
                InputStream trusted = resource("cert.pem")) {
            server = SslContextBuilder.forServer(cert, key)
                    .sslProvider(SslProvider.JDK)
                    .build();
            client = SslContextBuilder.forClient()
                    .sslProvider(SslProvider.JDK)
                    .trustManager(trusted)
                    .build();
        }
        // The first handshake of a JVM takes its time.
        Duration patient = Duration.ofSeconds(10);
        PeerConfig ofA = TestMember.config(A, TestMember.CLUSTER).withTimes(patient, patient);
        PeerConfig ofB = TestMember.config(B, TestMember.CLUSTER).withTimes(patient, patient);
        try (TestMember a = new TestMember(A, new TestMember.Options(ofA, null, server, client));
                TestMember b = new TestMember(B, new TestMember.Options(ofB, null, server, client))) {
            a.transport.addPeer(B, List.of("https://127.0.0.1:" + b.port()));
            b.transport.addPeer(A, List.of("https://localhost:" + a.port()));
            awaitStreams(a, b);
        }
    }

    @Test
    void shouldSpeakOverSocketFiles(@TempDir Path directory) {
        Path file = directory.resolve("b");
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(
                        B,
                        new TestMember.Options(
                                TestMember.config(B, TestMember.CLUSTER),
                                UnixDomainSocketAddress.of(file),
                                null,
                                null))) {
            a.transport.addPeer(B, List.of("unix://" + file));
            b.transport.addPeer(A, List.of(a.url()));
            awaitStreams(a, b);
        }
    }

    // Snapshots.

    @Test
    void shouldSendASnapshotWithItsDatabase() {
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(B)) {
            connect(a, b);
            byte[] database = new byte[5_000_001];
            new Random(3).nextBytes(database);
            TestSource source = new TestSource(snapshot(9), new ByteArrayInputStream(database));
            a.transport.sendSnapshot(source);

            awaiting().untilAsserted(() -> assertThat(a.snapshotReports).containsExactly(true));
            assertThat(b.databases).hasSize(1);
            assertThat(b.databases.get(0)).isEqualTo(database);
            assertThat(b.received).containsExactly(snapshot(9));
            awaiting().until(() -> source.released.get() == 1);
            assertThat(source.delivered).isTrue();
            assertThat(b.snapshotsUnderWay).hasValue(0);
        }
    }

    @Test
    void shouldLimitTheRateOfASnapshot() {
        PeerConfig slow = TestMember.config(A, TestMember.CLUSTER).withSnapshotBytesPerSecondMax(2 << 20);
        try (TestMember a = new TestMember(A, new TestMember.Options(slow, null, null, null));
                TestMember b = new TestMember(B)) {
            connect(a, b);
            long begun = System.nanoTime();
            a.transport.sendSnapshot(new TestSource(snapshot(9), new ByteArrayInputStream(new byte[1 << 20])));

            awaiting().untilAsserted(() -> assertThat(a.snapshotReports).containsExactly(true));
            assertThat(System.nanoTime() - begun).isGreaterThan(450_000_000L);
        }
    }

    @Test
    void shouldReportASnapshotThatCannotBeSaved() {
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(B)) {
            connect(a, b);
            b.diskBroken = true;
            TestSource source = new TestSource(snapshot(9), new ByteArrayInputStream(new byte[300_000]));
            a.transport.sendSnapshot(source);

            awaiting().untilAsserted(() -> assertThat(a.snapshotReports).containsExactly(false));
            awaiting().untilAsserted(() -> assertThat(b.sinkCalls).containsExactly("abort"));
            assertThat(b.received).isEmpty();
            awaiting().until(() -> source.released.get() == 1);

            b.diskBroken = false;
            a.transport.sendSnapshot(new TestSource(snapshot(10), new ByteArrayInputStream(new byte[300_000])));
            awaiting().untilAsserted(() -> assertThat(a.snapshotReports).containsExactly(false, true));
        }
    }

    @Test
    void shouldReportASnapshotThatBreaksOff() throws IOException {
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(B);
                Link toB = new Link(b.port())) {
            a.transport.addPeer(B, List.of(toB.url()));
            b.transport.addPeer(A, List.of(a.url()));
            awaitStreams(a, b);
            CountDownLatch halfway = new CountDownLatch(1);
            TestSource source = new TestSource(snapshot(9), new Endless(halfway));
            a.transport.sendSnapshot(source);
            awaiting().until(() -> halfway.getCount() == 0);
            toB.cut();

            awaiting().untilAsserted(() -> assertThat(a.snapshotReports).containsExactly(false));
            awaiting().untilAsserted(() -> assertThat(b.sinkCalls).containsExactly("abort"));
            awaiting().until(() -> source.released.get() == 1);
            assertThat(b.snapshotsUnderWay).hasValue(0);
        }
    }

    @Test
    void shouldReportASnapshotThatCannotBeRead() {
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(B)) {
            connect(a, b);
            TestSource source = new TestSource(snapshot(9), new InputStream() {
                @Override
                public int read() throws IOException {
                    throw new IOException("broken");
                }
            });
            a.transport.sendSnapshot(source);

            awaiting().untilAsserted(() -> assertThat(a.snapshotReports).containsExactly(false));
            awaiting().until(() -> source.released.get() == 1);
            awaiting().untilAsserted(() -> assertThat(b.sinkCalls).containsExactly("abort"));
        }
    }

    @Test
    void shouldRefuseMoreSnapshotsThanMayWait() {
        try (TestMember a = new TestMember(A);
                TestMember b = new TestMember(B)) {
            connect(a, b);
            List<TestSource> sources = new ArrayList<>();
            for (int i = 0; i < PeerTransport.SNAPSHOTS_MAX + 3; i++) {
                TestSource source = new TestSource(snapshot(9), new Endless(new CountDownLatch(0)));
                sources.add(source);
                a.transport.sendSnapshot(source);
            }
            assertThat(a.snapshotReports).containsExactly(false, false, false);

            a.transport.removePeer(B);
            awaiting().untilAsserted(() -> assertThat(sources).allMatch(source -> source.released.get() == 1));
            assertThat(a.snapshotReports).hasSize(sources.size()).containsOnly(false);
            awaiting().untilAsserted(() -> assertThat(b.snapshotsUnderWay).hasValue(0));
        }
    }

    /** A database that never ends. */
    private static final class Endless extends InputStream {
        private final CountDownLatch begun;

        Endless(CountDownLatch begun) {
            this.begun = begun;
        }

        @Override
        public int read() {
            return 0;
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            begun.countDown();
            return length;
        }
    }

    private static final class TestSource implements SnapshotSource {
        final AtomicInteger released = new AtomicInteger();
        volatile boolean delivered;
        private final Message message;
        private final InputStream database;

        TestSource(Message message, InputStream database) {
            this.message = message;
            this.database = database;
        }

        @Override
        public Message message() {
            return message;
        }

        @Override
        public InputStream open() {
            return database;
        }

        @Override
        public void release(boolean wasDelivered) {
            delivered = wasDelivered;
            released.incrementAndGet();
        }
    }

    private static ConditionFactory awaiting() {
        return await().atMost(LIMIT).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(10));
    }

    private static void connect(TestMember a, TestMember b) {
        a.transport.addPeer(b.id, List.of(b.url()));
        b.transport.addPeer(a.id, List.of(a.url()));
        awaitStreams(a, b);
    }

    /** Waits until all four streams are there and carry messages. */
    private static void awaitStreams(TestMember a, TestMember b) {
        a.greetings.clear();
        b.greetings.clear();
        awaiting().until(() -> {
            if (!attached(a, b.id) || !attached(b, a.id)) {
                return false;
            }
            greet(a, b);
            greet(b, a);
            return a.greetings.size() == 2 && b.greetings.size() == 2;
        });
        a.unreachable.clear();
        b.unreachable.clear();
    }

    private static void greet(TestMember from, TestMember to) {
        from.transport.send(List.of(
                heartbeat(TestMember.GREETING).toBuilder()
                        .from(from.id)
                        .to(to.id)
                        .build(),
                append(TestMember.GREETING, 1).toBuilder()
                        .from(from.id)
                        .to(to.id)
                        .build()));
    }

    private static boolean attached(TestMember member, long peer) {
        Peer found = member.transport.peer(peer);
        return found != null
                && found.isAttached(StreamKind.APPEND)
                && found.isAttached(StreamKind.MESSAGE)
                && member.isActive(peer);
    }

    private static boolean detached(TestMember member, long peer) {
        Peer found = member.transport.peer(peer);
        return found != null && !found.isAttached(StreamKind.APPEND) && !found.isAttached(StreamKind.MESSAGE);
    }

    private static void askForStream(Socket socket, StreamKind kind, long from, long to) throws IOException {
        String request = "GET " + kind.path(from) + " HTTP/1.1\r\nHost: x\r\nX-Server-From: " + Long.toHexString(from)
                + "\r\nX-Server-Version: 3.7.1\r\nX-Min-Cluster-Version: 3.0.0\r\nX-Etcd-Cluster-ID: "
                + Long.toHexString(TestMember.CLUSTER) + "\r\nX-Raft-To: " + Long.toHexString(to) + "\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
    }

    private static Message heartbeat(long commit) {
        return Message.builder(MessageType.HEARTBEAT)
                .to(B)
                .from(A)
                .term(3)
                .commit(commit)
                .build();
    }

    private static Message append(long index, int bytes) {
        return Message.builder(MessageType.APP)
                .to(B)
                .from(A)
                .term(3)
                .log(3, index)
                .commit(index)
                .entries(List.of(new Entry(3, index + 1, EntryType.NORMAL, ByteString.copyFrom(new byte[bytes]))))
                .build();
    }

    private static Message snapshot(long index) {
        return Message.builder(MessageType.SNAP)
                .to(B)
                .from(A)
                .term(3)
                .snapshot(new Snapshot(
                        ByteString.copyFromUtf8("members"), new SnapshotMetadata(ConfState.ofVoters(A, B), index, 3)))
                .build();
    }

    private static InputStream resource(String name) {
        InputStream in = PeerTransportTest.class.getResourceAsStream(name);
        if (in == null) {
            throw new IllegalStateException(name);
        }
        return in;
    }
}
