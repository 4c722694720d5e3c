package dev.cairn.server.v2.admin;

import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/** The numbers of {@code /v2/stats/store}, since the start of this member. Thread-safe. */
public final class StoreCounters implements V2Operations {
    /** By the number of the kind. */
    private final LongAdder[] succeeded = adders();

    private final LongAdder[] failed = adders();
    private final LongAdder expiredKeys = new LongAdder();
    private final LongSupplier expiredLeases;
    private final LongSupplier watchers;

    /**
     * @param expiredLeases how many leases this member has seen off: what of v2 expires does so by a lease
     * @param watchers how many there are now, of either API
     */
    public StoreCounters(LongSupplier expiredLeases, LongSupplier watchers) {
        this.expiredLeases = expiredLeases;
        this.watchers = watchers;
    }

    private static LongAdder[] adders() {
        return Stream.generate(LongAdder::new).limit(Kind.values().length).toArray(LongAdder[]::new);
    }

    @Override
    public void done(Kind kind, boolean success) {
        (success ? succeeded : failed)[kind.ordinal()].increment();
    }

    @Override
    public void expired(long count) {
        expiredKeys.add(count);
    }

    String json() {
        StringBuilder json = new StringBuilder("{");
        for (Kind kind : Kind.values()) {
            field(json, kind.field() + "Success", succeeded[kind.ordinal()].sum());
            field(json, kind.field() + "Fail", failed[kind.ordinal()].sum());
        }
        // Whoever tells of keys knows it exactly; until somebody does, the leases are what is known.
        field(json, "expireCount", Math.max(expiredKeys.sum(), expiredLeases.getAsLong()));
        field(json, "watchers", watchers.getAsLong());
        json.setCharAt(json.length() - 1, '}');
        return json.toString();
    }

    private static void field(StringBuilder json, String name, long value) {
        json.append('"').append(name).append("\":").append(value).append(',');
    }
}
