package dev.cairn.it.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.testing.Seed;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: what was acknowledged is there after a crash, at its revision, and nothing else is; where files are damaged the
 * server says so and does not start, or what it serves is right. Method: writers with a ledger, SIGKILL at seeded moments,
 * and single damages to copies of the files that a kill left.
 *
 * <p>{@code -Dcairn.seed=N} repeats a run; the interleaving of the writers is the machine's.
 */
@Tag("crash")
@Timeout(300)
class CrashTest {
    private static final int ROUNDS = 10;
    private static final int WRITERS = 8;
    private static final int FLIPS = 12;
    private static final int STORE_FLIPS = 18;
    private static final int TORN_TAILS = 8;
    private static final Duration END_LIMIT = Duration.ofSeconds(10);
    private static final Duration START_LIMIT = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private long seed;
    private Random random = new Random(0);

    @BeforeEach
    void chooseSeed() {
        seed = Seed.choose();
        random = new Random(seed);
    }

    @Test
    void shouldKeepEveryAcknowledgedWriteWhenKilled() throws InterruptedException {
        Ledger ledger = new Ledger();
        try (ServerProcess server = ServerProcess.prepare(Programs.ours(), directory)) {
            server.start();
            for (int round = 0; round < ROUNDS; round++) {
                int target = ledger.acknowledged() + 20 + random.nextInt(300);
                try (Writers writers = new Writers(ledger, server.target(), "round" + round, WRITERS, random)) {
                    assertThat(writers.awaitAcknowledged(target))
                            .as("%s: %s acknowledged in round %s", replay(), target, round)
                            .isTrue();
                    server.kill();
                }
                server.start();
                check(server, ledger, "after kill " + round);
            }
        }
    }

    @Test
    void shouldKeepEveryWriteWhenStoppedInOrder() throws InterruptedException {
        Ledger ledger = new Ledger();
        try (ServerProcess server = ServerProcess.start(Programs.ours(), directory)) {
            try (Writers writers = new Writers(ledger, server.target(), "orderly", WRITERS, random)) {
                assertThat(writers.awaitAcknowledged(200)).isTrue();
                assertThat(server.terminate(Duration.ofSeconds(30)))
                        .as("exit code of SIGTERM")
                        .isEqualTo(128 + 15);
            }
            server.start();
            check(server, ledger, "after SIGTERM");
        }
    }

    /**
     * The last write to the log was cut short by the power, so it was never acknowledged: the log ends anywhere between the
     * last acknowledged record and the end of the next ones, and the store has not seen those.
     */
    @Test
    void shouldRepairATornTail() throws InterruptedException {
        Path first = directory.resolve("first");
        Ledger ledger = fill(first, "acknowledged", 100);
        Path data = first.resolve("data");
        // A start alone writes to the log, and the store of before that start fits to all that follows.
        Path second = directory.resolve("second");
        DataFiles.copy(first, second);
        long from = DataFiles.used(DataFiles.lastSegment(data));
        try (ServerProcess server = ServerProcess.start(Programs.ours(), second)) {
            Ledger torn = new Ledger();
            try (Writers writers = new Writers(torn, server.target(), "torn", WRITERS, random)) {
                assertThat(writers.awaitAcknowledged(50)).isTrue();
                server.kill();
            }
            ledger.addUnanswered(torn);
        }
        Path segment = DataFiles.lastSegment(second.resolve("data"));
        long to = DataFiles.used(segment);
        assertThat(to).isGreaterThan(from);
        for (int i = 0; i < TORN_TAILS; i++) {
            long cut = from + (long) (random.nextDouble() * (to - from));
            boolean shorter = random.nextBoolean();
            Path trial = directory.resolve("trial");
            DataFiles.copy(first, trial);
            Path torn = trial.resolve("data").resolve(second.resolve("data").relativize(segment));
            DataFiles.delete(trial.resolve("data/member/wal"));
            DataFiles.copy(second.resolve("data/member/wal"), trial.resolve("data/member/wal"));
            String damage;
            if (shorter) {
                DataFiles.truncate(torn, cut);
                damage = "log cut off at " + cut;
            } else {
                // Disks lose whole sectors.
                long sector = Math.max(from, cut / 512 * 512);
                DataFiles.zeroFrom(torn, sector);
                damage = "log zeroed from " + sector;
            }
            damage += " (acknowledged to " + from + ", written to " + to + ")";
            try (ServerProcess server = ServerProcess.prepare(Programs.ours(), trial)) {
                String refusal = server.tryStart(START_LIMIT);
                if (refusal != null && !shorter) {
                    // Zeros that do not fill a sector of the record look like damage, not like a torn write.
                    assertClear(server, damage, refusal);
                } else {
                    assertThat(refusal)
                            .as("%s, %s\n%s", replay(), damage, server.logTail())
                            .isNull();
                    check(server, ledger, damage);
                }
            }
            DataFiles.delete(trial);
        }
    }

    @Test
    void shouldNeverServeWrongDataFromADamagedLog() throws InterruptedException {
        Path image = directory.resolve("image");
        Ledger ledger = fill(image, "log", 150);
        for (int i = 0; i < FLIPS; i++) {
            Path trial = directory.resolve("trial");
            DataFiles.copy(image, trial);
            Path segment = DataFiles.lastSegment(trial.resolve("data"));
            long at = (long) (random.nextDouble() * DataFiles.used(segment));
            startDamaged(trial, ledger, DataFiles.flip(segment, at, random));
        }
    }

    /**
     * A byte inside of a key or a value: the server refuses, or has everything. Branch pages hold copies of keys that only lead
     * to records; what a change there can do is the next test's matter.
     */
    @Test
    void shouldNeverServeWrongDataFromADamagedRecord() throws InterruptedException {
        Path image = directory.resolve("image");
        String round = "store";
        Ledger ledger = fill(image, round, 150);
        List<Long> places = new ArrayList<>();
        for (String text : List.of(round + "/writer", "value ")) {
            places.addAll(DataFiles.places(DataFiles.store(image.resolve("data")), text));
        }
        places.removeIf(at -> DataFiles.isInBranchPage(DataFiles.store(image.resolve("data")), at));
        assertThat(places).as("keys and values in the store").isNotEmpty();
        for (int i = 0; i < STORE_FLIPS; i++) {
            Path trial = directory.resolve("trial");
            DataFiles.copy(image, trial);
            Path store = DataFiles.store(trial.resolve("data"));
            long at = places.get(random.nextInt(places.size())) + random.nextInt("value ".length());
            startDamaged(trial, ledger, DataFiles.flip(store, at, random));
        }
    }

    /**
     * A byte anywhere, so perhaps in a page that leads to records. That can hide sound records, and the storage may end the
     * process over it; but nothing that was never written is served.
     */
    @Test
    void shouldNeverServeWhatNobodyWroteFromADamagedStore() throws InterruptedException {
        Path image = directory.resolve("image");
        Ledger ledger = fill(image, "pages", 150);
        for (int i = 0; i < FLIPS; i++) {
            Path trial = directory.resolve("trial");
            DataFiles.copy(image, trial);
            Path store = DataFiles.store(trial.resolve("data"));
            long at = (long) (random.nextDouble() * DataFiles.used(store));
            String damage = DataFiles.flip(store, at, random);
            try (ServerProcess server = ServerProcess.prepare(Programs.ours(), trial)) {
                if (server.tryStart(START_LIMIT) == null) {
                    try {
                        ledger.verifyNothingInvented(History.read(server.target()));
                    } catch (StatusRuntimeException e) {
                        assertTold(server, damage, e);
                    } catch (AssertionError e) {
                        throw failure(server, damage, e);
                    }
                }
            }
            DataFiles.delete(trial);
        }
    }

    private void startDamaged(Path trial, Ledger ledger, String damage) {
        try (ServerProcess server = ServerProcess.prepare(Programs.ours(), trial)) {
            String refusal = server.tryStart(START_LIMIT);
            if (refusal != null) {
                assertClear(server, damage, refusal);
            } else {
                try {
                    check(server, ledger, damage);
                } catch (StatusRuntimeException e) {
                    assertTold(server, damage, e);
                    assertThat(server.awaitEnd(END_LIMIT))
                            .as("%s, %s: %s, so the server must end\n%s", replay(), damage, e, server.logTail())
                            .isNotNull()
                            .isNotZero();
                    assertClear(server, damage, "ended by itself");
                }
            }
        }
        DataFiles.delete(trial);
    }

    /** An error is no wrong data, if it is one that tells the client so. */
    private void assertTold(ServerProcess server, String damage, StatusRuntimeException error) {
        assertThat(error.getStatus().getCode().name())
                .as("%s, %s: %s\n%s", replay(), damage, error, server.logTail())
                .isIn("DATA_LOSS", "INTERNAL", "UNAVAILABLE");
    }

    private void assertClear(ServerProcess server, String damage, String refusal) {
        assertThat(server.logTail())
                .as("%s, %s: %s, and the log must say why", replay(), damage, refusal)
                .containsPattern("\"level\":\"(error|fatal|panic)\"|panic: ");
    }

    /** A directory as SIGKILL leaves it after some hundred writes. */
    private Ledger fill(Path at, String round, int writes) throws InterruptedException {
        Ledger ledger = new Ledger();
        try (ServerProcess server = ServerProcess.start(Programs.ours(), at)) {
            try (Writers writers = new Writers(ledger, server.target(), round, WRITERS, random)) {
                assertThat(writers.awaitAcknowledged(writes)).isTrue();
                server.kill();
            }
        }
        return ledger;
    }

    private void check(ServerProcess server, Ledger ledger, String when) {
        try {
            History history = History.read(server.target());
            history.check();
            ledger.verify(history.events());
            ledger.verifyNothingInvented(history);
        } catch (AssertionError e) {
            throw failure(server, when, e);
        }
    }

    private AssertionError failure(ServerProcess server, String when, AssertionError cause) {
        return new AssertionError(replay() + ", " + when + ": " + cause.getMessage() + "\n" + server.logTail(), cause);
    }

    private String replay() {
        return "seed " + seed + " (-Dtest=CrashTest " + Seed.replay(seed) + ")";
    }
}
