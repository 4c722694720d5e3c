package dev.cairn.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A server that stands still is charged for every request that was due meanwhile. */
class OpenLoopTest {
    private static final long STANDSTILL_MILLIS = 500;

    private final ExecutorService one = Executors.newSingleThreadExecutor();
    private Server server = start(answer -> {});

    private interface Before {
        void answer(int number) throws Exception;
    }

    private Server start(Before before) {
        AtomicInteger number = new AtomicInteger();
        try {
            return NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                    .executor(one)
                    .addService(new KVGrpc.KVImplBase() {
                        @Override
                        public void range(RangeRequest request, StreamObserver<RangeResponse> answer) {
                            try {
                                before.answer(number.getAndIncrement());
                                answer.onNext(RangeResponse.getDefaultInstance());
                                answer.onCompleted();
                            } catch (Exception e) {
                                answer.onError(Status.UNAVAILABLE.asException());
                            }
                        }
                    })
                    .build()
                    .start();
        } catch (java.io.IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void stop() throws InterruptedException {
        server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        one.shutdownNow();
    }

    private OpenLoop gets() {
        Work get = Objects.requireNonNull(Work.named("get, linearizable, 1000 clients"));
        return new OpenLoop("127.0.0.1:" + server.getPort(), 2, Objects.requireNonNull(get.request()));
    }

    @Test
    void shouldChargeAStandstillToAllThatWereDue() throws Exception {
        server.shutdownNow();
        server = start(number -> {
            if (number == 100) {
                TimeUnit.MILLISECONDS.sleep(STANDSTILL_MILLIS);
            }
        });

        // A request is due every 5 ms, so a hundred of the four hundred meet the standstill; a closed loop would have
        // told of one.
        Histogram nanos = gets().run(200, 2);

        assertThat(nanos.getTotalCount()).isEqualTo(400);
        long half = TimeUnit.MILLISECONDS.toNanos(STANDSTILL_MILLIS / 2);
        assertThat(nanos.getMaxValue()).isGreaterThanOrEqualTo(2 * half - half / 50);
        assertThat(nanos.getCountBetweenValues(half, nanos.getMaxValue())).isBetween(45L, 400L);
    }

    @Test
    void shouldFailWithTheRequest() {
        server.shutdownNow();
        server = start(number -> {
            throw new IllegalStateException("planted");
        });
        assertThatThrownBy(() -> gets().run(100, 1)).hasRootCauseInstanceOf(io.grpc.StatusRuntimeException.class);
    }
}
