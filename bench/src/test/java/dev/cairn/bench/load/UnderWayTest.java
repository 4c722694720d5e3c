package dev.cairn.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** No more requests are under way than there is room for, and whoever waits learns of a failure. */
class UnderWayTest {
    private static final int MAX = 3;

    @Test
    void shouldWaitForRoom() throws Exception {
        UnderWay underWay = new UnderWay(MAX);
        Deque<StreamObserver<String>> open = new ArrayDeque<>();
        AtomicInteger answered = new AtomicInteger();
        for (int i = 0; i < MAX; i++) {
            open.add(underWay.next(answer -> answered.incrementAndGet()));
        }
        Thread other = new Thread(() -> open.forEach(observer -> {
            observer.onNext("answer");
            observer.onCompleted();
        }));
        other.start();
        // There is room for it when the other thread has answered one.
        StreamObserver<String> last = underWay.next();
        assertThat(answered.get()).isPositive();
        last.onCompleted();
        underWay.awaitAll();
        assertThat(answered).hasValue(MAX);
        other.join();
    }

    @Test
    void shouldTellOfAFailure() throws Exception {
        UnderWay underWay = new UnderWay(MAX);
        underWay.next().onError(new IllegalStateException("planted"));
        assertThatThrownBy(underWay::next).hasRootCauseMessage("planted");
    }

    @Test
    void shouldTellOfAFailureAtTheEnd() throws Exception {
        UnderWay underWay = new UnderWay(MAX);
        underWay.next().onError(new IllegalStateException("planted"));
        assertThatThrownBy(underWay::awaitAll).hasRootCauseMessage("planted");
    }

    @Test
    void shouldGoOnWhereSomebodyElseIsTold() throws Exception {
        UnderWay underWay = new UnderWay(1);
        List<String> failures = new ArrayList<>();
        for (int i = 0; i < MAX; i++) {
            underWay.next(answer -> {}, error -> failures.add(String.valueOf(error.getMessage())))
                    .onError(new IllegalStateException("planted"));
        }
        underWay.awaitAll();
        assertThat(failures).hasSize(MAX).containsOnly("planted");
    }
}
