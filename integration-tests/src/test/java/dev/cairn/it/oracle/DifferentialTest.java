package dev.cairn.it.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Goal: no client can tell our server from etcd by what it answers. Method: thousands of generated calls to both, every
 * answer compared; the comparison itself is shown to see planted faults.
 *
 * <p>{@code -Dcairn.seed=N} runs that seed alone, {@code -Dcairn.calls=N} changes the number of calls of a run.
 */
@Tag("oracle")
@Timeout(300)
class DifferentialTest {
    private static final int CALLS = Integer.getInteger("cairn.calls", 1_000);
    private static final int CALLS_WITH_FAULT = 800;
    private static final int LARGE_KEYS = 40;
    private static final List<Long> FIXED_SEEDS = List.of(1L, 2L, 3L, 25L, 1685401415L, 1730216897L);

    private static final Set<String> EXERCISED = new TreeSet<>();

    @TempDir
    Path directory;

    /** What the table of coverage says of this test is true. */
    @AfterAll
    static void shouldExerciseWhatTheTableSays() throws IOException {
        if (Long.getLong("cairn.seed") == null) {
            ApiCoverage.read().verify(DifferentialTest.class, EXERCISED);
        }
    }

    /** The seeds that always run, those that once found a difference among them; more by {@code -Dcairn.fresh=N}. */
    static LongStream seeds() {
        return Seeds.of(FIXED_SEEDS);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void shouldAnswerAsEtcdDoes(long seed) {
        int events = run(Programs.ours(), seed, false, CALLS, UnaryOperator.identity());
        assertThat(events).as("compared watch messages").isPositive();
    }

    @Test
    void shouldAnswerAsEtcdDoesWhenServersChooseTheLeases() {
        long seed = Long.getLong("cairn.seed", 4L);
        run(Programs.ours(), seed, true, CALLS, UnaryOperator.identity());
    }

    /**
     * The events of one revision belong into one response, however large, unless the watcher asked for fragments; then the
     * places of the cuts are determined too.
     */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldCutALargeRevisionWhereEtcdDoes(boolean fragment) {
        List<List<String>> packets = new ArrayList<>();
        for (Path binary : List.of(Programs.ours(), Programs.real("etcd"))) {
            try (ServerProcess server = ServerProcess.start(binary, directory.resolve("large-" + packets.size()));
                    Peer peer = new Peer(binary.toString(), server.target(), UnaryOperator.identity())) {
                for (int i = 0; i < LARGE_KEYS; i++) {
                    Call put = new Call(
                            Rpc.PUT,
                            PutRequest.newBuilder()
                                    .setKey(ByteString.copyFromUtf8("k" + i))
                                    .setValue(ByteString.copyFrom(new byte[100_000 + i]))
                                    .build());
                    assertThat(peer.call(put).status()).isEqualTo(Outcome.OK);
                }
                Call delete = new Call(
                        Rpc.DELETE_RANGE,
                        DeleteRangeRequest.newBuilder()
                                .setKey(ByteString.copyFromUtf8("k"))
                                .setRangeEnd(ByteString.copyFromUtf8("l"))
                                .build());
                assertThat(peer.call(delete).status()).isEqualTo(Outcome.OK);
                packets.add(watchLastRevision(peer, fragment));
            }
        }
        assertThat(packets.get(1)).as("packets of etcd").hasSize(fragment ? 2 : 1);
        assertThat(packets.get(0)).isEqualTo(packets.get(1));
    }

    private static List<String> watchLastRevision(Peer peer, boolean fragment) {
        int revision = LARGE_KEYS + 2;
        try (WatchLane lane = peer.openWatch()) {
            lane.create(WatchCreateRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8("k"))
                    .setRangeEnd(ByteString.copyFromUtf8("l"))
                    .setStartRevision(revision)
                    .setPrevKv(true)
                    .setFragment(fragment)
                    .build());
            lane.barrier(revision);
            return lane.packets().stream()
                    .map(packet -> packet.getEventsCount() + " events, fragment " + packet.getFragment() + ", revision "
                            + packet.getHeader().getRevision() + ", first "
                            + packet.getEvents(0).getKv().getKey().toStringUtf8())
                    .toList();
        }
    }

    static List<Fault> faults() {
        return List.of(
                new Fault(
                        "kvs\\[\\d+]\\.version",
                        message -> message instanceof RangeResponse range && range.getKvsCount() > 0
                                ? range.toBuilder()
                                        .setKvs(
                                                0,
                                                range.getKvs(0).toBuilder()
                                                        .setVersion(
                                                                range.getKvs(0).getVersion() + 1))
                                        .build()
                                : message),
                new Fault(
                        "kvs\\[\\d+]\\.key",
                        message -> message instanceof RangeResponse range && range.getKvsCount() > 1
                                ? range.toBuilder()
                                        .setKvs(0, range.getKvs(1))
                                        .setKvs(1, range.getKvs(0))
                                        .build()
                                : message),
                new Fault(
                        "header: absent",
                        message -> message instanceof RangeResponse range
                                ? range.toBuilder().clearHeader().build()
                                : message),
                new Fault(
                        "unknown fields",
                        message -> message instanceof RangeResponse range
                                ? range.toBuilder()
                                        .setUnknownFields(UnknownFieldSet.newBuilder()
                                                .addField(
                                                        77,
                                                        UnknownFieldSet.Field.newBuilder()
                                                                .addVarint(1)
                                                                .build())
                                                .build())
                                        .build()
                                : message),
                new Fault(
                        "succeeded: ",
                        message -> message instanceof TxnResponse txn
                                ? txn.toBuilder()
                                        .setSucceeded(!txn.getSucceeded())
                                        .build()
                                : message),
                new Fault(
                        "messages instead of|another type",
                        message -> message instanceof WatchResponse watch
                                        && watch.getEventsCount() > 0
                                        && watch.getEvents(0).getKv().getModRevision() % 5 == 0
                                ? watch.toBuilder().removeEvents(0).build()
                                : message),
                new Fault(
                        "mod_revision|messages instead of",
                        message -> message instanceof WatchResponse watch && watch.getEventsCount() > 1
                                ? watch.toBuilder()
                                        .setEvents(0, watch.getEvents(1))
                                        .setEvents(1, watch.getEvents(0))
                                        .build()
                                : message));
    }

    /** A change to what one of two real servers answers, and what the failure must say. */
    record Fault(String report, UnaryOperator<Message> change) {
        @Override
        public String toString() {
            return report;
        }
    }

    @ParameterizedTest
    @MethodSource("faults")
    void shouldReportAPlantedFault(Fault fault) {
        assertThatThrownBy(() -> run(Programs.real("etcd"), 1, false, CALLS_WITH_FAULT, fault.change()))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("seed 1")
                .hasMessageContaining("-Dcairn.seed=1")
                .hasMessageFindingMatch(fault.report());
    }

    private int run(Path ours, long seed, boolean attach, int calls, UnaryOperator<Message> fault) {
        String replay = "./mvnw test -pl integration-tests -Dtest=DifferentialTest -Dcairn.seed=" + seed
                + " -Dcairn.calls=" + calls;
        Path real = Programs.real("etcd");
        try (ServerProcess left = ServerProcess.start(ours, directory.resolve("ours"));
                ServerProcess right = ServerProcess.start(real, directory.resolve("real"));
                DifferentialRun run = new DifferentialRun(seed, attach, replay, left, right, fault)) {
            try {
                run.run(calls);
            } catch (AssertionError e) {
                throw new AssertionError(e.getMessage() + "\n" + left.logTail(), e.getCause());
            }
            run.census().addTo(EXERCISED);
            return run.eventCount();
        }
    }
}
