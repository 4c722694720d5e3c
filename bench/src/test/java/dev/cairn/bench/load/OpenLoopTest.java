package dev.cairn.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.bench.process.Channels;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
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
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void stop() throws InterruptedException {
        server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        one.shutdownNow();
    }

    private OpenLoop gets() throws IOException {
        return new OpenLoop(Channels.plain("127.0.0.1:" + server.getPort()), 2, Requests.get(false));
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
        OpenLoop.Answers answers;
        try (OpenLoop gets = gets()) {
            answers = gets.run(200, 2);
        }

        Histogram nanos = answers.withoutFailure();
        assertThat(nanos.getTotalCount()).isEqualTo(400);
        long half = STANDSTILL_MILLIS / 2;
        assertThat(answers.millis(100)).isGreaterThanOrEqualTo(STANDSTILL_MILLIS * 0.99);
        assertThat(answers.longerThan(half)).isBetween(45L, 400L);
        assertThat(answers.longerThan(60_000)).isZero();
    }

    @Test
    void shouldTellOfRequestsThatFail() throws Exception {
        server.shutdownNow();
        server = start(number -> {
            if (number >= 10) {
                throw new IllegalStateException("planted");
            }
        });
        OpenLoop.Answers answers;
        try (OpenLoop gets = gets()) {
            answers = gets.run(100, 1);
        }
        assertThat(answers.failed()).isEqualTo(90);
        assertThat(answers.nanos().getTotalCount()).isEqualTo(100);
        assertThatThrownBy(answers::withoutFailure)
                .hasMessageContaining("90 requests failed")
                .hasRootCauseInstanceOf(io.grpc.StatusRuntimeException.class);
    }

    @Test
    void shouldAskUntilItIsEnded() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        server.shutdownNow();
        server = start(number -> asked.incrementAndGet());
        try (OpenLoop gets = gets()) {
            OpenLoop.Running running = gets.start(1000);
            while (asked.get() < 20) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            // All that were asked are answered then, and nobody asks any more.
            assertThat(running.end().withoutFailure().getTotalCount()).isEqualTo(asked.get());
        }
    }
}
