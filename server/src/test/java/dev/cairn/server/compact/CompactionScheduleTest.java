package dev.cairn.server.compact;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.CompactionResponse;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.thread.Duty;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Goal: the same compactions at the same times as etcd's. Method: the table was written by etcd's own compactors on a clock of the
 * test's; here ours live through the same revisions, pauses and failures in virtual time.
 */
class CompactionScheduleTest {
    private static final long START = -1_000;

    record Row(
            String mode,
            long retention,
            long stepNanos,
            int steps,
            int pauseEvery,
            int failEvery,
            int compactedEvery,
            long seed,
            String expected) {}

    static Stream<Row> rows() throws IOException {
        try (InputStream table =
                Objects.requireNonNull(CompactionScheduleTest.class.getResourceAsStream("schedule.tsv"))) {
            List<Row> rows = new ArrayList<>();
            for (String line : new String(table.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                if (line.startsWith("#")) {
                    continue;
                }
                String[] cells = line.split("\t");
                rows.add(new Row(
                        cells[0],
                        Long.parseLong(cells[1]),
                        Long.parseLong(cells[2]),
                        Integer.parseInt(cells[3]),
                        Integer.parseInt(cells[4]),
                        Integer.parseInt(cells[5]),
                        Integer.parseInt(cells[6]),
                        Long.parseLong(cells[7]),
                        cells[8]));
            }
            return rows.stream();
        }
    }

    /** Answers at once, so that every outcome is there at the moment it is asked for. */
    private static final class Log implements Proposer {
        private final Row row;
        private final List<String> calls = new ArrayList<>();
        private int step;

        Log(Row row) {
            this.row = row;
        }

        @Override
        public void propose(InternalRaftRequest.Builder request, Completion<MessageLite> completion) {
            int call = calls.size() + 1;
            String outcome = "ok";
            if (row.failEvery > 0 && call % row.failEvery == 0) {
                outcome = "failed";
            } else if (row.compactedEvery > 0 && call % row.compactedEvery == 0) {
                outcome = "compacted";
            }
            calls.add(step + ":" + request.getCompaction().getRevision() + ":" + outcome);
            switch (outcome) {
                case "ok" -> completion.complete(CompactionResponse.getDefaultInstance());
                case "compacted" -> completion.fail(EtcdError.COMPACTED);
                default -> completion.fail(EtcdError.TIMEOUT);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void shouldCompactWhenAndWhereEtcdDoes(Row row) throws Exception {
        Log log = new Log(row);
        long[] revision = {1};
        boolean[] leading = {true};
        Duty duty = row.mode.equals("periodic")
                ? new PeriodicCompaction(
                        Duration.ofNanos(row.retention), () -> revision[0], () -> leading[0], log, () -> {}, START)
                : new RevisionCompaction(row.retention, () -> revision[0], () -> leading[0], log, () -> {}, START);
        long random = row.seed;
        for (int step = 1; step <= row.steps; step++) {
            random = random * 1103515245L + 12345 & 0x7fffffff;
            if ((random >> 8) % 3 != 0) {
                revision[0] += (random >> 8) % 50;
            }
            leading[0] = row.pauseEvery == 0 || step / row.pauseEvery % 2 == 0;
            log.step = step;
            long now = START + step * row.stepNanos;
            assertEquals(0, duty.doWork(now - 1), "worked before its time");
            assertEquals(now, duty.nextDeadlineNanos());
            while (duty.doWork(now) > 0) {
                // Until there is nothing left to do at this moment.
            }
        }
        assertEquals(row.expected, String.join(" ", log.calls));
    }

    @Test
    void shouldWaitForTheAnswerBeforeTheNextSample() {
        List<Completion<MessageLite>> waiting = new ArrayList<>();
        Proposer log = (request, completion) -> waiting.add(completion);
        int[] woken = {0};
        PeriodicCompaction duty =
                new PeriodicCompaction(Duration.ofSeconds(10), () -> 5, () -> true, log, () -> woken[0]++, 0);
        long second = Duration.ofSeconds(1).toNanos();
        for (int i = 1; i <= 10; i++) {
            duty.doWork(i * second);
        }
        assertEquals(1, waiting.size());
        assertEquals(Long.MAX_VALUE, duty.nextDeadlineNanos());
        assertEquals(0, duty.doWork(500 * second));
        waiting.get(0).complete(CompactionResponse.getDefaultInstance());
        assertEquals(1, woken[0]);
        assertEquals(1, duty.doWork(501 * second));
        assertEquals(502 * second, duty.nextDeadlineNanos());
    }

    @Test
    void shouldRefuseWhatCannotBeKept() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new PeriodicCompaction(Duration.ofNanos(9), () -> 1, () -> true, new Log(NONE), () -> {}, 0));
        assertThrows(
                IllegalArgumentException.class,
                () -> new RevisionCompaction(0, () -> 1, () -> true, new Log(NONE), () -> {}, 0));
    }

    private static final Row NONE = new Row("", 0, 0, 0, 0, 0, 0, 0, "");
}
