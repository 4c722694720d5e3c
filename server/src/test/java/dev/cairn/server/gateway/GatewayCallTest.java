package dev.cairn.server.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.server.http.HttpConnection;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class GatewayCallTest {
    private final ScheduledExecutorService loop = Executors.newSingleThreadScheduledExecutor();
    private final List<String> heard = new ArrayList<>();
    private final Reader reader = new Reader();
    private final List<LeaseKeepAliveRequest> requests = new ArrayList<>();
    private boolean requestsEnd;
    private @Nullable Runnable lost;
    private @Nullable ServerCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> served;

    @AfterEach
    void stop() {
        loop.shutdownNow();
    }

    /** What comes out, as far as it is let. */
    private static final class Reader implements GatewayCall.Output {
        final List<Message> messages = new ArrayList<>();

        @Nullable
        Status ended;

        boolean ready = true;

        @Override
        public boolean isReady() {
            return ready;
        }

        @Override
        public void message(Message message) {
            messages.add(message);
        }

        @Override
        public void close(Status status) {
            ended = status;
        }
    }

    private final class Connection implements HttpConnection {
        @Override
        public ScheduledExecutorService eventLoop() {
            return loop;
        }

        @Override
        public SocketAddress remoteAddress() {
            return new InetSocketAddress(1);
        }

        @Override
        public SocketAddress localAddress() {
            return remoteAddress();
        }

        @Override
        public @Nullable SSLSession session() {
            return null;
        }

        @Override
        public void whenLost(Runnable task) {
            lost = task;
        }
    }

    private final class Requests implements GatewayCall.Requests<LeaseKeepAliveRequest> {
        @Override
        public @Nullable LeaseKeepAliveRequest next() {
            return requests.isEmpty() ? null : requests.remove(0);
        }

        @Override
        public boolean isOver() {
            return requestsEnd && requests.isEmpty();
        }
    }

    /** Runs on the event loop; behind it everything that it led to there has happened. */
    private <T> T onLoop(Callable<T> task) throws Exception {
        try {
            T result = loop.submit(task).get();
            for (int i = 0; i < 10; i++) {
                loop.submit(() -> {}).get();
            }
            return result;
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        }
    }

    /** A call whose service only notes what it hears. */
    private GatewayCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> start(@Nullable Duration timeout)
            throws Exception {
        var definition = ServerMethodDefinition.create(LeaseGrpc.getLeaseKeepAliveMethod(), (call, metadata) -> {
            served = call;
            return new ServerCall.Listener<LeaseKeepAliveRequest>() {
                @Override
                public void onMessage(LeaseKeepAliveRequest message) {
                    if (message.getID() == 13) {
                        throw new IllegalStateException("on purpose");
                    }
                    heard.add("request " + message.getID());
                }

                @Override
                public void onHalfClose() {
                    heard.add("end");
                }

                @Override
                public void onCancel() {
                    heard.add("cancelled");
                }

                @Override
                public void onComplete() {
                    heard.add("complete");
                }

                @Override
                public void onReady() {
                    heard.add("ready");
                }
            };
        });
        return onLoop(() -> {
            GatewayCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> call = new GatewayCall<>(
                    definition,
                    LeaseGrpc.getLeaseKeepAliveMethod(),
                    new Connection(),
                    new ServerStreamTracer() {},
                    new Requests(),
                    reader,
                    100);
            call.start(new CallHeaders(new Metadata(), timeout));
            return call;
        });
    }

    private ServerCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> served() {
        return Objects.requireNonNull(served);
    }

    private Status ending() {
        return Objects.requireNonNull(reader.ended);
    }

    private static LeaseKeepAliveRequest request(long id) {
        return LeaseKeepAliveRequest.newBuilder().setID(id).build();
    }

    private void send() throws Exception {
        onLoop(() -> {
            served().sendMessage(LeaseKeepAliveResponse.getDefaultInstance());
            return 0;
        });
    }

    @Test
    void shouldHoldServiceAndRequestsBackForASlowReader() throws Exception {
        requests.addAll(List.of(request(1), request(2), request(3)));
        requestsEnd = true;
        GatewayCall<?, ?> call = start(null);
        assertThat(heard).containsExactly("ready");
        served().request(1);
        onLoop(() -> 0);
        assertThat(heard).containsExactly("ready", "request 1");
        reader.ready = false;
        send();
        assertThat(reader.messages).hasSize(1);
        assertThat(served().isReady()).isFalse();
        served().request(2);
        onLoop(() -> 0);
        assertThat(heard).containsExactly("ready", "request 1");
        reader.ready = true;
        onLoop(() -> {
            call.onWritable();
            return 0;
        });
        assertThat(heard).containsExactly("ready", "request 1", "ready", "request 2", "request 3", "end");
        served().close(Status.OK, new Metadata());
        onLoop(() -> 0);
        assertThat(reader.ended).isEqualTo(Status.OK);
        assertThat(heard).endsWith("complete");
        send();
        assertThat(reader.messages).hasSize(1);
    }

    @Test
    void shouldTellTheServiceThatItsClientHasGone() throws Exception {
        start(Duration.ofHours(1));
        onLoop(() -> {
            Objects.requireNonNull(lost).run();
            Objects.requireNonNull(lost).run();
            return 0;
        });
        assertThat(heard).containsExactly("ready", "cancelled");
        assertThat(served().isCancelled()).isTrue();
        send();
        served().close(Status.OK, new Metadata());
        onLoop(() -> 0);
        assertThat(reader.messages).isEmpty();
        assertThat(reader.ended).isNull();
    }

    @Test
    void shouldEndWhenTheTimeIsOver() throws Exception {
        start(Duration.ofMillis(1));
        while (!onLoop(() -> reader.ended != null)) {
            TimeUnit.MILLISECONDS.sleep(1);
        }
        assertThat(ending().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(heard).containsExactly("ready", "cancelled");
    }

    @Test
    void shouldSurviveAServiceThatFails() throws Exception {
        requests.add(request(13));
        start(null);
        served().request(1);
        onLoop(() -> 0);
        assertThat(ending().getCode()).isEqualTo(Status.Code.UNKNOWN);
        assertThat(heard).containsExactly("ready", "cancelled");
    }
}
