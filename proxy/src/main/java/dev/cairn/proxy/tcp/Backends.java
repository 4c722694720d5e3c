package dev.cairn.proxy.tcp;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the backend of the next connection by the rules of SRV records: among the active ones of the best priority, by weight where they
 * have any, otherwise in turn. Thread-safe.
 */
public final class Backends {
    /** Of so many connections one goes to backends without a weight where others have one. */
    private static final int UNWEIGHTED_CHANCE = 100;

    private final List<Backend> all;
    private final IntUnaryOperator belowBound;
    private int turn;

    public Backends(List<Backend> all) {
        this(all, RandomGenerator.getDefault()::nextInt);
    }

    /** @param belowBound answers a number from 0 below its argument */
    Backends(List<Backend> all, IntUnaryOperator belowBound) {
        this.all = List.copyOf(all);
        this.belowBound = belowBound;
    }

    List<Backend> all() {
        return all;
    }

    /** Null when none is active. */
    synchronized @Nullable Backend next() {
        List<Backend> weighted = new ArrayList<>();
        List<Backend> unweighted = new ArrayList<>();
        int best = Integer.MAX_VALUE;
        int total = 0;
        for (Backend backend : all) {
            if (!backend.isActive() || backend.priority() > best) {
                continue;
            }
            if (backend.priority() < best) {
                best = backend.priority();
                weighted.clear();
                unweighted.clear();
                total = 0;
            }
            total += backend.weight();
            (backend.weight() > 0 ? weighted : unweighted).add(backend);
        }
        boolean byWeight =
                !weighted.isEmpty() && (unweighted.isEmpty() || belowBound.applyAsInt(UNWEIGHTED_CHANCE) != 0);
        if (byWeight) {
            int chosen = belowBound.applyAsInt(total);
            for (Backend backend : weighted) {
                chosen -= backend.weight();
                if (chosen < 0) {
                    return backend;
                }
            }
        }
        if (unweighted.isEmpty()) {
            return null;
        }
        turn = (turn + 1) % all.size();
        // In turn among all places, so that the order stays the same while one is away.
        for (int i = 0; i < all.size(); i++) {
            Backend candidate = all.get((turn + all.size() - 1 + i) % all.size());
            if (unweighted.contains(candidate)) {
                turn = (turn + i) % all.size();
                return candidate;
            }
        }
        return null;
    }
}
