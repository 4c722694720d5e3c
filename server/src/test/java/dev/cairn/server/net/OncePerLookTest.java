package dev.cairn.server.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Goal: an event loop joins what it asks for, and nothing is lost. Method: tasks of real loops stand for what a look brings. */
class OncePerLookTest {
    private static final long LIMIT_SECONDS = 30;

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private final AtomicInteger runs = new AtomicInteger();
    private final OncePerLook once = new OncePerLook(group, runs::incrementAndGet);

    @AfterEach
    void stop() {
        group.shutdownGracefully(0, 0, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    @Test
    void shouldRunAtOnceElsewhere() {
        once.run();
        once.run();
        assertThat(runs).hasValue(2);
    }

    @Test
    void shouldRunOnceBehindWhatTheLoopDoes() throws Exception {
        for (int round = 1; round <= 3; round++) {
            int before = runs.get();
            CountDownLatch behind = new CountDownLatch(1);
            AtomicInteger seen = new AtomicInteger(-1);
            group.next().execute(() -> {
                for (int i = 0; i < 10; i++) {
                    once.run();
                }
                seen.set(runs.get());
                io(behind);
            });
            assertThat(behind.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
            assertThat(seen).as("runs while the loop was at it").hasValue(before);
            assertThat(runs).as("runs in round %s", round).hasValue(before + 1);
        }
    }

    /** Tasks of a loop keep their order. */
    private void io(CountDownLatch behind) {
        group.forEach(loop -> {
            if (loop.inEventLoop()) {
                loop.execute(behind::countDown);
            }
        });
    }

    @Test
    void shouldRunAtOnceWhereTheLoopEnds() {
        CountDownLatch ran = new CountDownLatch(1);
        assertThatCode(() -> {
                    group.next().execute(() -> {
                        group.shutdownGracefully(0, 0, TimeUnit.SECONDS);
                        once.run();
                        ran.countDown();
                    });
                    assertThat(ran.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
                    assertThat(group.awaitTermination(LIMIT_SECONDS, TimeUnit.SECONDS))
                            .isTrue();
                })
                .doesNotThrowAnyException();
        assertThat(runs).hasValue(1);
    }
}
