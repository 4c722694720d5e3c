package dev.cairn.failpoint;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The places are one set for the whole process: each test leaves them switched off. */
@Timeout(60)
class FailPointTest {
    private final List<String> ends = new ArrayList<>();

    @AfterEach
    void switchOff() {
        FailPoint.inOrder().forEach(point -> point.set(null));
    }

    private static void enable(FailPoint point, String terms) {
        assertThat(FailPoints.enable(point.etcdName(), terms)).isNull();
    }

    @Test
    void shouldHaveTheNamesOfEtcd() throws IOException {
        try (InputStream in = Objects.requireNonNull(FailPointTest.class.getResourceAsStream("etcd-3.7-names.txt"))) {
            List<String> names = new String(in.readAllBytes(), UTF_8).lines().toList();
            assertThat(names).hasSize(45);
            assertThat(StreamSupport.stream(FailPoint.inOrder().spliterator(), false)
                            .map(FailPoint::etcdName))
                    .containsExactlyElementsOf(names);
        }
    }

    @Test
    void shouldDoNothingUnlessTheEnvironmentAsks() throws Exception {
        assertThat(FailPoints.ON).as("set by nobody in this process").isFalse();
        FailPoints.open(Map.of(), ends::add);
        for (FailPoint point : FailPoint.values()) {
            enable(point, "panic");
            point.hit();
            assertThat(point.returns()).isFalse();
            point.fail(IOException::new);
        }
        assertThat(ends).isEmpty();
    }

    @Test
    void shouldEndTheProcess() {
        FailPoints.open(Map.of(), ends::add);
        enable(FailPoint.BEFORE_COMMIT, "1*panic->panic(\"text\")");
        FailPoint.BEFORE_COMMIT.pass();
        FailPoint.BEFORE_COMMIT.pass();
        assertThat(ends).containsExactly("failpoint panic: beforeCommit", "failpoint panic: text (beforeCommit)");
    }

    @Test
    void shouldSleep() {
        long start = System.nanoTime();
        enable(FailPoint.RAFT_BEFORE_SAVE, "1*sleep(30)->1*sleep(\"20ms\")->sleep(\"nonsense\")");
        assertThat(FailPoint.RAFT_BEFORE_SAVE.pass()).isNull();
        assertThat(FailPoint.RAFT_BEFORE_SAVE.pass()).isNull();
        assertThat(FailPoint.RAFT_BEFORE_SAVE.pass()).isNull();
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(50_000_000L);
    }

    @Test
    void shouldSleepOnWhenInterrupted() {
        enable(FailPoint.RAFT_BEFORE_SAVE, "sleep(30)");
        long start = System.nanoTime();
        Thread.currentThread().interrupt();
        FailPoint.RAFT_BEFORE_SAVE.pass();
        assertThat(Thread.interrupted()).as("the interrupt is kept").isTrue();
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(30_000_000L);
    }

    @Test
    void shouldReturnItsArgument() {
        enable(FailPoint.DEFRAGDB_FAIL, "return(\"some random error\")");
        assertThat(FailPoint.DEFRAGDB_FAIL.pass()).isEqualTo(new Argument(Argument.Kind.TEXT, "some random error"));
        enable(FailPoint.DEFRAGDB_FAIL, "off");
        assertThat(FailPoint.DEFRAGDB_FAIL.pass()).isNull();
    }

    @Test
    void shouldTakeWhatTheEnvironmentSets() {
        String refusal = FailPoints.open(
                Map.of(
                        FailPoints.TERMS_VARIABLE,
                        ";beforeCommit=print;;raftBeforeSave=nonsense;someOther=panic;afterCommit=1*off->sleep(1);"),
                ends::add);
        assertThat(refusal).isNull();
        Map<String, String> set = new LinkedHashMap<>();
        for (FailPoint point : FailPoint.inOrder()) {
            Terms terms = point.terms();
            if (terms != null) {
                set.put(point.etcdName(), terms.text());
            }
        }
        assertThat(set).isEqualTo(Map.of("beforeCommit", "print", "afterCommit", "1*off->sleep(1)"));
    }

    @Test
    void shouldRefuseAnEnvironmentThatItCannotRead() {
        assertThat(FailPoints.open(Map.of(FailPoints.TERMS_VARIABLE, "beforeCommit"), ends::add))
                .isEqualTo("fail to parse failpoint: bad failpoint \"beforeCommit\"");
        assertThat(FailPoints.open(Map.of(FailPoints.TERMS_VARIABLE, "a=b=c"), ends::add))
                .isEqualTo("fail to parse failpoint: bad failpoint \"a=b=c\"");
        for (String address : List.of("nowhere", "127.0.0.1:", "127.0.0.1:port", "127.0.0.1:65536", "256.0.0.1:0")) {
            assertThat(FailPoints.open(Map.of(FailPoints.HTTP_VARIABLE, address), ends::add))
                    .startsWith("listen tcp " + address + ": ");
        }
    }

    @Test
    void shouldSayThatAnAddressIsTaken() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThat(FailPoints.open(
                            Map.of(FailPoints.HTTP_VARIABLE, "127.0.0.1:" + taken.getLocalPort()), ends::add))
                    .isEqualTo("listen tcp 127.0.0.1:" + taken.getLocalPort() + ": bind: address already in use");
        }
    }

    @Test
    void shouldSayThatNobodyEndsTheProcessBeforeItIsOpen() {
        FailPoints.open(Map.of(), message -> {
            throw new IllegalStateException(message);
        });
        enable(FailPoint.AFTER_COMMIT, "panic");
        assertThatThrownBy(FailPoint.AFTER_COMMIT::pass).hasMessage("failpoint panic: afterCommit");
        // The lock that answers are given under is free again.
        FailPoints.answering(() -> {});
    }
}
