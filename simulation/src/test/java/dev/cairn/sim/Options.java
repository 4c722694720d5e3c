package dev.cairn.sim;

import java.util.SplittableRandom;

/**
 * What kind of cluster it is, and what happens to it. Drawn from the seed: a swarm of different clusters finds more than one in
 * which everything happens. Immutable.
 *
 * @param faultsPerMinute how often anything happens at all, in simulated time
 * @param snapshots whether members keep little of their logs, so that who lags is sent a snapshot
 * @param compacts whether somebody compacts the history of keys
 * @param eager whether members die just when they have promised something, and come back at once
 */
record Options(
        int members,
        int clients,
        int keys,
        long thinkNanosMax,
        int faultsPerMinute,
        boolean crashes,
        boolean cutsPower,
        boolean partitions,
        boolean pauses,
        boolean clockJumps,
        boolean stallsDisks,
        boolean reconfigures,
        boolean transfers,
        boolean badNetwork,
        long syncNanosMax,
        double drift,
        boolean preVote,
        boolean eager,
        boolean snapshots,
        boolean compacts) {
    static Options draw(SplittableRandom random) {
        return new Options(
                random.nextInt(4) == 0 ? 5 : 3,
                2 + random.nextInt(5),
                2 + random.nextInt(6),
                1_000_000L * (60 + random.nextInt(300)),
                20 + random.nextInt(100),
                random.nextInt(4) != 0,
                random.nextBoolean(),
                random.nextInt(4) != 0,
                random.nextBoolean(),
                random.nextInt(4) == 0,
                random.nextBoolean(),
                random.nextInt(3) == 0,
                random.nextInt(3) == 0,
                random.nextBoolean(),
                1_000_000L * (1 + random.nextInt(20)),
                random.nextBoolean() ? 0 : 0.05,
                random.nextInt(3) != 0,
                random.nextInt(3) == 0,
                random.nextBoolean(),
                random.nextBoolean());
    }

    /** Nothing but elections: what goes wrong with them needs many, and in bad company. */
    static Options storm(SplittableRandom random) {
        return new Options(
                random.nextInt(3) == 0 ? 5 : 3,
                2 + random.nextInt(2),
                2,
                1_000_000L * (100 + random.nextInt(300)),
                200 + random.nextInt(200),
                true,
                random.nextBoolean(),
                true,
                random.nextBoolean(),
                false,
                random.nextBoolean(),
                random.nextBoolean(),
                true,
                true,
                1_000_000L * (1 + random.nextInt(20)),
                0,
                random.nextInt(4) == 0,
                true,
                false,
                false);
    }
}
