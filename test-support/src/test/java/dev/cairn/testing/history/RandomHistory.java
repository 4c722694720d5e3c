package dev.cairn.testing.history;

import dev.cairn.testing.history.Request.Delete;
import dev.cairn.testing.history.Request.Put;
import dev.cairn.testing.history.Request.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Histories of an etcd that works: each request is carried out at one moment between its call and its answer. Stateless. */
final class RandomHistory {
    private RandomHistory() {}

    static List<Operation> of(SplittableRandom random, int requests) {
        List<Operation> history = new ArrayList<>();
        KvState state = KvState.EMPTY;
        for (int i = 0; i < requests; i++) {
            String key = "k" + random.nextInt(3);
            Request request = switch (random.nextInt(4)) {
                case 0 -> new Delete(key);
                case 1 -> new Range(key);
                default -> new Put(key, "v" + i);
            };
            long moment = 100 + 10L * i;
            long calledAt = moment - random.nextInt(40);
            if (random.nextInt(6) == 0) {
                // Nobody is told; half of them happen.
                history.add(Operation.unknown(i, request, calledAt));
                state = random.nextBoolean() ? state.apply(request).state() : state;
            } else {
                KvState.Step step = state.apply(request);
                state = step.state();
                history.add(new Operation(i, request, calledAt, moment + random.nextInt(40), step.response()));
            }
        }
        Request all = new Range("k", "l");
        long end = 1000 + 10L * requests;
        history.add(new Operation(
                -1,
                new Put("k0", "last"),
                end,
                end + 1,
                state.apply(new Put("k0", "last")).response()));
        state = state.apply(new Put("k0", "last")).state();
        history.add(new Operation(-1, all, end + 2, end + 3, state.apply(all).response()));
        return history;
    }

    /** The same, and then a read that does not know of the last write. */
    static List<Operation> withLateRead(List<Operation> sound) {
        List<Operation> history = new ArrayList<>(sound);
        Operation last = sound.get(sound.size() - 1);
        Response newest = last.response();
        if (newest == null) {
            throw new IllegalArgumentException("the last one was answered");
        }
        history.add(new Operation(
                -2,
                new Range("k0"),
                last.returnedAt() + 1,
                last.returnedAt() + 2,
                new Response(newest.revision() - 1, new Response.Found(List.of()))));
        return history;
    }
}
