package dev.cairn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.cairn.it.load.Load;
import dev.cairn.it.process.Network;
import dev.cairn.testing.Seed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: whatever happens to processes and their network, clients see one etcd: nothing acknowledged is lost, no linearizable read is stale, no
 * watcher misses anything, and the cluster serves again when it is over. Method: three processes on machines of their own, clients and
 * watchers at all of them, one fault after the other, then the checkers of the simulation over all that was asked and told.
 *
 * <p>One round suffers each fault once. {@code -Dcairn.faults.seconds=} adds rounds, each with a new cluster, until the time is over; {@code
 * -Dcairn.seed=} repeats the order of faults and the requests of the clients, as far as real processes repeat anything.
 */
@Tag("cluster")
@Timeout(value = 1, unit = TimeUnit.DAYS)
class FaultsTest {
    private enum Fault {
        KILL_LEADER,
        KILL_FOLLOWER,
        KILL_ALL,
        PAUSE_LEADER,
        PAUSE_FOLLOWER,
        /** It wakes up to find its successor, and dies at once. */
        PAUSE_AND_KILL_LEADER,
        ISOLATE_LEADER,
        ISOLATE_FOLLOWER,
        /** Nobody hears it any more; it hears all. */
        MUTE_LEADER,
        /** It hears nobody any more; all hear it. */
        DEAFEN_LEADER,
        /** Two of them do not hear each other; the third hears both. */
        CUT_BETWEEN_LEADER_AND_FOLLOWER,
        CUT_BETWEEN_FOLLOWERS,
        SLOW_LEADER,
        SLOW_ALL
    }

    private static final int MEMBERS = 3;

    /** So short a log that who was away for long gets the store. */
    private static final List<String> FLAGS = List.of("--snapshot-count=100", "--snapshot-catchup-entries=20");

    /** More than an election timeout. */
    private static final int FAULT_MILLIS_MIN = 1_500;

    private static final int FAULT_MILLIS_MAX = 5_000;

    @TempDir
    Path directory;

    @Test
    void shouldLookLikeOneEtcdWhateverHappens() throws Exception {
        String missing = Network.missing();
        assumeTrue(missing == null, "Skipped: " + missing);
        long seed = Seed.choose();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.getLong("cairn.faults.seconds", 0));
        for (int round = 0; round == 0 || System.nanoTime() < end; round++) {
            try {
                run(seed + round, Files.createDirectory(directory.resolve("round" + round)));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("the same faults again: " + Seed.replay(seed + round), e);
            }
        }
    }

    private static void run(long seed, Path directory) {
        System.out.println("faults: " + Seed.replay(seed));
        Random random = new Random(seed);
        List<Fault> faults = new ArrayList<>(Arrays.asList(Fault.values()));
        Collections.shuffle(faults, random);
        try (Network network = Network.of(MEMBERS);
                Group group = Group.found(directory, network, FLAGS, Group.ours(), Group.ours(), Group.ours());
                Load load = Load.start(group.targets(), seed)) {
            load.awaitMore(200, Group.LIMIT);
            for (Fault fault : faults) {
                new Incident(network, group, load, random).suffer(fault);
            }
            System.out.println("faults: " + load.finish(Group.LIMIT));
            group.awaitEqualStores();
        }
    }

    /** One fault, from its beginning until the cluster serves again. */
    private static final class Incident {
        private final Network network;
        private final Group group;
        private final Load load;
        private final Random random;
        private final int leader;
        private final int follower;
        private final int third;

        Incident(Network network, Group group, Load load, Random random) {
            this.network = network;
            this.group = group;
            this.load = load;
            this.random = random;
            this.leader = group.awaitLeader();
            this.follower = (leader + 1 + random.nextInt(2)) % MEMBERS;
            this.third = MEMBERS - leader - follower;
        }

        void suffer(Fault fault) {
            long before = System.nanoTime();
            long answered = load.answered();
            switch (fault) {
                case KILL_LEADER -> kill(leader);
                case KILL_FOLLOWER -> kill(follower);
                case KILL_ALL -> kill(0, 1, 2);
                case PAUSE_LEADER -> pause(leader, null);
                case PAUSE_FOLLOWER -> pause(follower, null);
                case PAUSE_AND_KILL_LEADER ->
                    pause(leader, () -> group.member(leader).kill());
                case ISOLATE_LEADER -> isolate(leader);
                case ISOLATE_FOLLOWER -> isolate(follower);
                case MUTE_LEADER -> {
                    network.cut(leader, follower);
                    network.cut(leader, third);
                    endure();
                }
                case DEAFEN_LEADER -> {
                    network.cut(follower, leader);
                    network.cut(third, leader);
                    endure();
                }
                case CUT_BETWEEN_LEADER_AND_FOLLOWER -> cutBetween(leader, follower);
                case CUT_BETWEEN_FOLLOWERS -> cutBetween(follower, third);
                case SLOW_LEADER -> {
                    network.slow(leader);
                    endure();
                }
                case SLOW_ALL -> {
                    for (int i = 0; i < MEMBERS; i++) {
                        network.slow(i);
                    }
                    endure();
                }
            }
            long during = System.nanoTime();
            network.heal();
            for (int i = 0; i < MEMBERS; i++) {
                assertThat(group.member(i).isRunning())
                        .as("m%d after %s: %s", i, fault, group.member(i).logTail())
                        .isTrue();
                load.awaitService(i, Group.LIMIT);
            }
            System.out.printf(
                    "faults: %s of %d ms, served by all again %d ms later, %d requests were answered%n",
                    fault,
                    TimeUnit.NANOSECONDS.toMillis(during - before),
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - during),
                    load.answered() - answered);
        }

        private void endure() {
            // The length of the fault is what this test is about: any is as good as another.
            int millis = FAULT_MILLIS_MIN + random.nextInt(FAULT_MILLIS_MAX - FAULT_MILLIS_MIN);
            Uninterruptibles.sleepUninterruptibly(millis, TimeUnit.MILLISECONDS);
        }

        private void kill(int... members) {
            for (int member : members) {
                group.member(member).kill();
            }
            endure();
            group.start(members);
        }

        /** A read waits at its door when it wakes up, and must not be answered from before. */
        private void pause(int member, @Nullable Runnable awake) {
            group.signal(member, "STOP");
            try {
                endure();
            } finally {
                load.readAround(member, () -> group.signal(member, "CONT"));
            }
            if (awake != null) {
                awake.run();
                group.start(member);
            }
        }

        private void isolate(int member) {
            for (int other = 0; other < MEMBERS; other++) {
                if (other != member) {
                    network.cut(member, other);
                    network.cut(other, member);
                }
            }
            endure();
        }

        private void cutBetween(int one, int other) {
            network.cut(one, other);
            network.cut(other, one);
            endure();
        }
    }
}
