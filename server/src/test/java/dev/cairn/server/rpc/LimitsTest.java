package dev.cairn.server.rpc;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.AuthUserAddRequest;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.InternalAuthenticateRequest;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.api.RequestText;
import dev.cairn.server.metrics.Metrics;
import dev.cairn.server.net.EventLoops;
import io.grpc.Attributes;
import io.grpc.InternalMetadata;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What clients say about themselves, and what the log may say about them. */
class LimitsTest {
    private final FakeStatus status = new FakeStatus();
    private final Metrics metrics = new Metrics();
    private final LeaderWatch watch = new LeaderWatch(status);
    private final ClientMetadata interceptor = new ClientMetadata(status, watch, metrics.server.clientRequestsTotal);

    private static final class FakeStatus implements MemberStatus {
        private long leader = 1;

        @Override
        public long leader() {
            return leader;
        }

        @Override
        public long term() {
            return 1;
        }

        @Override
        public long committedIndex() {
            return 1;
        }

        @Override
        public long appliedIndex() {
            return 1;
        }

        @Override
        public boolean isLearner() {
            return false;
        }
    }

    private static final MethodDescriptor.Marshaller<String> TEXT = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(String value) {
            return new ByteArrayInputStream(new byte[0]);
        }

        @Override
        public String parse(InputStream stream) {
            return "";
        }
    };

    private static final class FakeCall extends ServerCall<String, String> {
        private final MethodDescriptor.MethodType type;
        private final List<String> sent = new ArrayList<>();
        private @Nullable Status ending;

        FakeCall(MethodDescriptor.MethodType type) {
            this.type = type;
        }

        @Override
        public void request(int count) {}

        @Override
        public void sendHeaders(Metadata headers) {}

        @Override
        public void sendMessage(String message) {
            sent.add(message);
        }

        @Override
        public void close(Status status, Metadata trailers) {
            assertThat(ending).as("closed once").isNull();
            ending = status;
        }

        @Override
        public boolean isCancelled() {
            return false;
        }

        @Override
        public Attributes getAttributes() {
            Executor direct = Runnable::run;
            return Attributes.newBuilder().set(EventLoops.OF_CONNECTION, direct).build();
        }

        @Override
        public MethodDescriptor<String, String> getMethodDescriptor() {
            return MethodDescriptor.<String, String>newBuilder()
                    .setType(type)
                    .setFullMethodName("a/b")
                    .setRequestMarshaller(TEXT)
                    .setResponseMarshaller(TEXT)
                    .build();
        }
    }

    /** The handler's side of a call: the call as it sees it, and whether it was told to let go. */
    private static final class Handler extends ServerCall.Listener<String> {
        private @Nullable ServerCall<String, String> call;
        private boolean released;

        @Override
        public void onCancel() {
            released = true;
        }
    }

    private Handler start(FakeCall call, String... metadata) {
        Metadata headers = new Metadata();
        for (int i = 0; i < metadata.length; i += 2) {
            headers.put(Metadata.Key.of(metadata[i], Metadata.ASCII_STRING_MARSHALLER), metadata[i + 1]);
        }
        Handler handler = new Handler();
        interceptor.interceptCall(call, headers, (seen, ignored) -> {
            handler.call = seen;
            return handler;
        });
        return handler;
    }

    @Test
    void shouldRefuseAtOnceWhoWantsALeaderThatIsNotThere() {
        status.leader = 0;
        for (MethodDescriptor.MethodType type :
                List.of(MethodDescriptor.MethodType.UNARY, MethodDescriptor.MethodType.BIDI_STREAMING)) {
            FakeCall refused = new FakeCall(type);
            assertThat(start(refused, "hasleader", "true").call).isNull();
            assertThat(refused.ending)
                    .hasToString("Status{code=UNAVAILABLE, description=etcdserver: no leader, cause=null}");
            assertThat(start(new FakeCall(type)).call).as("who does not ask").isNotNull();
            assertThat(start(new FakeCall(type), "hasleader", "false").call).isNotNull();
        }
    }

    @Test
    void shouldCutStreamsThatWantALeaderAfterThreeLooksInARow() {
        FakeCall bound = new FakeCall(MethodDescriptor.MethodType.BIDI_STREAMING);
        FakeCall free = new FakeCall(MethodDescriptor.MethodType.BIDI_STREAMING);
        Handler handler = start(bound, "hasleader", "true");
        start(free);
        status.leader = 0;
        watch.look();
        watch.look();
        status.leader = 2;
        watch.look();
        status.leader = 0;
        watch.look();
        watch.look();
        assertThat(bound.ending).as("not three in a row yet").isNull();
        watch.look();
        assertThat(String.valueOf(bound.ending)).contains("etcdserver: no leader");
        assertThat(handler.released).isTrue();
        assertThat(free.ending).isNull();
        assertThat(watch.streams()).isZero();
        ServerCall<String, String> seen = java.util.Objects.requireNonNull(handler.call);
        assertThat(seen.isCancelled()).isTrue();
        seen.sendMessage("late");
        seen.close(Status.OK, new Metadata());
        assertThat(bound.sent).isEmpty();
    }

    @Test
    void shouldForgetStreamsThatEnd() {
        FakeCall call = new FakeCall(MethodDescriptor.MethodType.BIDI_STREAMING);
        Handler handler = start(call, "hasleader", "true");
        assertThat(watch.streams()).isOne();
        java.util.Objects.requireNonNull(handler.call).close(Status.OK, new Metadata());
        assertThat(watch.streams()).isZero();
    }

    @Test
    void shouldCountVersionsButNotAnyNumberOfThem() {
        start(new FakeCall(MethodDescriptor.MethodType.UNARY), "client-api-version", "3.7");
        start(new FakeCall(MethodDescriptor.MethodType.BIDI_STREAMING), "client-api-version", "3.7");
        start(new FakeCall(MethodDescriptor.MethodType.UNARY));
        for (int i = 0; i < 1000; i++) {
            start(new FakeCall(MethodDescriptor.MethodType.UNARY), "client-api-version", "v" + i);
        }
        List<String> series = metrics.render()
                .lines()
                .filter(line -> line.startsWith("etcd_server_client_requests_total{"))
                .toList();
        assertThat(series)
                .contains(
                        "etcd_server_client_requests_total{client_api_version=\"3.7\",type=\"unary\"} 1",
                        "etcd_server_client_requests_total{client_api_version=\"3.7\",type=\"stream\"} 1")
                .hasSizeLessThan(200);
    }

    @Test
    void shouldRefuseAVersionThatIsNoText() {
        for (MethodDescriptor.MethodType type :
                List.of(MethodDescriptor.MethodType.UNARY, MethodDescriptor.MethodType.BIDI_STREAMING)) {
            Metadata headers = InternalMetadata.newMetadata(
                    "client-api-version".getBytes(US_ASCII), new byte[] {'3', (byte) 0xff});
            FakeCall call = new FakeCall(type);
            interceptor.interceptCall(call, headers, (seen, ignored) -> new ServerCall.Listener<>() {});
            assertThat(call.ending).isEqualTo(EtcdError.INVALID_CLIENT_API_VERSION.status());
        }
    }

    @Test
    void shouldNotShowValuesOrPasswordsInText() {
        PutRequest put = PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8("k\u0001"))
                .setValue(ByteString.copyFromUtf8("secret"))
                .setLease(7)
                .build();
        assertThat(RequestText.of(put)).isEqualTo("key:\"k\\001\" value_size:6 lease:7");
        TxnRequest inner = TxnRequest.newBuilder()
                .addSuccess(RequestOp.newBuilder().setRequestPut(put))
                .build();
        TxnRequest txn = TxnRequest.newBuilder()
                .addCompare(Compare.newBuilder()
                        .setKey(ByteString.copyFromUtf8("c"))
                        .setTarget(Compare.CompareTarget.VALUE)
                        .setValue(ByteString.copyFromUtf8("secret")))
                .addFailure(RequestOp.newBuilder().setRequestTxn(inner))
                .build();
        assertThat(RequestText.of(txn)).contains("value_size:6").doesNotContain("secret");
        assertThat(RequestText.of(InternalRaftRequest.newBuilder().setTxn(txn).build()))
                .doesNotContain("secret");
        assertThat(RequestText.of(InternalRaftRequest.newBuilder()
                        .setAuthUserAdd(AuthUserAddRequest.newBuilder()
                                .setName("alice")
                                .setPassword("secret")
                                .setHashedPassword("secret"))
                        .build()))
                .contains("alice")
                .doesNotContain("secret");
        assertThat(RequestText.of(InternalRaftRequest.newBuilder()
                        .setAuthenticate(InternalAuthenticateRequest.newBuilder()
                                .setName("alice")
                                .setPassword("secret")
                                .setSimpleToken("secret"))
                        .build()))
                .contains("alice")
                .doesNotContain("secret");
    }
}
