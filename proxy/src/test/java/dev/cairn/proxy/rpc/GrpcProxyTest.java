package dev.cairn.proxy.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.WatchCancelRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.Event;
import dev.cairn.proto.mvccpb.KeyValue;
import dev.cairn.server.config.CommandLine;
import dev.cairn.server.config.Outcome;
import dev.cairn.server.net.ClientPort;
import dev.cairn.server.net.EventLoops;
import dev.cairn.server.tls.UpstreamTls;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The proxy before a member that fails as the test wants it to. */
@Timeout(60)
class GrpcProxyTest {
    private static final ByteString KEY = ByteString.copyFromUtf8("k");
    private static final UpstreamTls.File NONE = new UpstreamTls.File("none", "");

    private final AtomicLong revision = new AtomicLong(10);
    private final Deque<Long> staleRevisions = new ArrayDeque<>();
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private @Nullable FakeMember member;
    private @Nullable ManagedChannel channel;

    private FakeMember member() {
        return Objects.requireNonNull(member, "started first");
    }

    private Channel connection() {
        return Objects.requireNonNull(channel, "started first");
    }

    private void start(boolean ordered) throws Exception {
        FakeMember fake = new FakeMember(() -> {
            synchronized (staleRevisions) {
                Long stale = staleRevisions.poll();
                return stale == null ? revision.get() : stale;
            }
        });
        member = fake;
        opened.push(fake);
        EventLoops loops = EventLoops.open();
        opened.push(loops);
        Outcome outcome = CommandLine.read(
                List.of("--listen-client-urls=http://127.0.0.1:0", "--advertise-client-urls=http://127.0.0.1:0"),
                Map.of());
        GrpcProxy proxy = new GrpcProxy(
                new GrpcProxy.Settings(
                        new Upstream.Settings(
                                List.of(fake.target()),
                                UpstreamTls.of(NONE, NONE, NONE, true),
                                false,
                                0,
                                0,
                                Duration.ZERO,
                                Duration.ZERO,
                                false),
                        null,
                        "",
                        "",
                        0,
                        "",
                        ordered,
                        false,
                        Duration.ZERO,
                        null),
                loops);
        opened.push(proxy);
        ClientPort port = ClientPort.bind(((Outcome.Start) outcome).config(), loops, () -> proxy.content(pages -> {}));
        opened.push(() -> port.stop(Duration.ZERO));
        port.serve();
        InetSocketAddress address = (InetSocketAddress) port.addresses().get(0);
        ManagedChannel made =
                NettyChannelBuilder.forAddress(address).usePlaintext().build();
        channel = made;
        opened.push(made::shutdownNow);
    }

    @AfterEach
    void stop() throws Exception {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
    }

    /** A client's stream. */
    private final class Client implements StreamObserver<WatchResponse> {
        private final BlockingQueue<Object> came = new LinkedBlockingQueue<>();
        private final StreamObserver<WatchRequest> requests;

        Client(String... headers) {
            Metadata metadata = new Metadata();
            for (int i = 0; i < headers.length; i += 2) {
                metadata.put(Metadata.Key.of(headers[i], Metadata.ASCII_STRING_MARSHALLER), headers[i + 1]);
            }
            Channel connection = connection();
            requests = WatchGrpc.newStub(ClientInterceptors.intercept(
                            connection, MetadataUtils.newAttachHeadersInterceptor(metadata)))
                    .watch(this);
        }

        Client watch(long from) {
            requests.onNext(WatchRequest.newBuilder()
                    .setCreateRequest(
                            WatchCreateRequest.newBuilder().setKey(KEY).setStartRevision(from))
                    .build());
            return this;
        }

        WatchResponse next() throws InterruptedException {
            Object next = came.poll(30, TimeUnit.SECONDS);
            if (next instanceof WatchResponse response) {
                return response;
            }
            throw new AssertionError("instead of a response: " + next);
        }

        Status end() throws InterruptedException {
            Object next = came.poll(30, TimeUnit.SECONDS);
            if (next instanceof Throwable error) {
                return Status.fromThrowable(error);
            }
            throw new AssertionError("instead of the end: " + next);
        }

        @Override
        public void onNext(WatchResponse response) {
            came.add(response);
        }

        @Override
        public void onError(Throwable error) {
            came.add(error);
        }

        @Override
        public void onCompleted() {
            came.add("completed");
        }
    }

    private static WatchResponse event(long at) {
        return WatchResponse.newBuilder()
                .setHeader(FakeMember.header(at))
                .addEvents(Event.newBuilder()
                        .setKv(KeyValue.newBuilder().setKey(KEY).setModRevision(at))
                        .setPrevKv(KeyValue.newBuilder().setKey(KEY)))
                .build();
    }

    @Test
    void shouldGoOnWhereAWatchBroke() throws Exception {
        start(false);
        Client client = new Client().watch(0);
        FakeMember.Watch first = member().nextWatch();
        assertThat(first.request().getStartRevision()).isZero();
        first.created(10);
        assertThat(client.next().getCreated()).isTrue();
        first.answers().onNext(event(12));
        WatchResponse told = client.next();
        assertThat(told.getEvents(0).getKv().getModRevision()).isEqualTo(12);
        assertThat(told.getEvents(0).hasPrevKv()).isFalse();

        first.fail(Status.UNAVAILABLE);
        FakeMember.Watch second = member().nextWatch();
        assertThat(second.request().getStartRevision()).isEqualTo(13);
        second.created(14);
        second.answers().onNext(event(12));
        second.answers().onNext(event(14));
        assertThat(client.next().getEvents(0).getKv().getModRevision())
                .as("neither the second notice of its beginning nor an event that it has had")
                .isEqualTo(14);
    }

    @Test
    void shouldBeginWithWhatComesBehindTheRequest() throws Exception {
        start(false);
        Client early = new Client().watch(0);
        FakeMember.Watch shared = member().nextWatch();
        shared.created(10);
        assertThat(early.next().getHeader().getRevision()).isEqualTo(10);

        // The watch of the members is behind what others have seen already.
        revision.set(20);
        Client late = new Client().watch(0);
        assertThat(late.next().getHeader().getRevision()).isEqualTo(20);
        Client past = new Client().watch(15);
        assertThat(past.next().getCreated()).isTrue();
        for (long at : new long[] {14, 15, 20, 21}) {
            shared.answers().onNext(event(at));
        }
        for (long at : new long[] {14, 15, 20, 21}) {
            assertThat(early.next().getEvents(0).getKv().getModRevision()).isEqualTo(at);
        }
        for (long at : new long[] {15, 20, 21}) {
            assertThat(past.next().getEvents(0).getKv().getModRevision()).isEqualTo(at);
        }
        assertThat(late.next().getEvents(0).getKv().getModRevision()).isEqualTo(21);
        assertThat(member().hasNoMoreWatches()).isTrue();
    }

    @Test
    void shouldWatchForTheOthersWhenOneIsNoLongerLetIn() throws Exception {
        start(false);
        Client gone = new Client("token", "old").watch(0);
        FakeMember.Watch first = member().nextWatch();
        assertThat(first.token()).isEqualTo("old");
        first.created(10);
        assertThat(gone.next().getCreated()).isTrue();
        Client stays = new Client("token", "new").watch(0);
        assertThat(stays.next().getCreated()).isTrue();

        first.fail(Status.UNAVAILABLE);
        FakeMember.Watch second = member().nextWatch();
        second.answers()
                .onNext(WatchResponse.newBuilder()
                        .setHeader(FakeMember.header(11))
                        .setWatchId(-1)
                        .setCreated(true)
                        .setCanceled(true)
                        .setCancelReason("invalid auth token")
                        .build());
        WatchResponse end = gone.next();
        assertThat(end.getCanceled()).isTrue();
        assertThat(end.getCreated()).isFalse();
        assertThat(end.getCancelReason()).isEqualTo("invalid auth token");
        FakeMember.Watch third = member().nextWatch();
        assertThat(third.token()).isEqualTo("new");
        assertThat(third.request().getStartRevision()).isEqualTo(11);
        third.created(11);
        third.answers().onNext(event(12));
        assertThat(stays.next().getEvents(0).getKv().getModRevision()).isEqualTo(12);
    }

    @Test
    void shouldTellThatARevisionIsGone() throws Exception {
        start(false);
        Client client = new Client().watch(3);
        FakeMember.Watch watch = member().nextWatch();
        watch.created(10);
        assertThat(client.next().getCreated()).isTrue();
        watch.answers()
                .onNext(WatchResponse.newBuilder()
                        .setHeader(FakeMember.header(10))
                        .setCanceled(true)
                        .setCompactRevision(5)
                        .build());

        WatchResponse end = client.next();
        assertThat(end.getCanceled()).isTrue();
        assertThat(end.getCompactRevision()).isEqualTo(5);
        // Its number is free again, and cancelling it says nothing any more.
        client.requests.onNext(WatchRequest.newBuilder()
                .setCancelRequest(WatchCancelRequest.newBuilder().setWatchId(0))
                .build());
        client.watch(9);
        member().nextWatch().created(10);
        assertThat(client.next().getWatchId()).isEqualTo(1);
    }

    @Test
    void shouldEndStreamsThatWantALeader() throws Exception {
        start(false);
        FakeMember.Watch leader = member().nextLeaderWatch();
        leader.created(10);
        Client wants = new Client("hasleader", "true").watch(0);
        FakeMember.Watch watch = member().nextWatch();
        watch.created(10);
        assertThat(wants.next().getCreated()).isTrue();
        Client other = new Client().watch(0);
        assertThat(other.next().getCreated()).isTrue();

        leader.fail(Status.UNAVAILABLE.withDescription("etcdserver: no leader"));
        Status end = wants.end();
        assertThat(end.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(end.getDescription()).isEqualTo("etcdserver: no leader");
        watch.answers().onNext(event(11));
        assertThat(other.next().getEventsCount()).isEqualTo(1);
        assertThat(new Client("hasleader", "true").end().getDescription()).isEqualTo("etcdserver: no leader");

        // A new leader is noticed by a stream that is served.
        member().nextLeaderWatch().created(12);
        while (true) {
            Client again = new Client("hasleader", "true").watch(0);
            if (again.came.poll(30, TimeUnit.SECONDS) instanceof WatchResponse response) {
                assertThat(response.getCreated()).isTrue();
                break;
            }
        }
    }

    @Test
    void shouldNotGoBackInRevision() throws Exception {
        start(true);
        KVGrpc.KVBlockingStub kv = KVGrpc.newBlockingStub(connection());
        RangeRequest request = RangeRequest.newBuilder().setKey(KEY).build();
        synchronized (staleRevisions) {
            staleRevisions.addAll(List.of(9L, 8L));
        }
        assertThat(kv.range(request).getHeader().getRevision()).isEqualTo(10);
        revision.set(5);
        assertThatThrownBy(() -> kv.range(request)).hasMessageContaining("no cluster members have a revision higher");
    }
}
