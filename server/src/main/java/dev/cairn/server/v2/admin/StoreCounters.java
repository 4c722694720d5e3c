package dev.cairn.server.v2.admin;

import dev.cairn.server.v2.KeyOperations;
import dev.cairn.v2.KeyRequest.Intent;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/** The numbers of {@code /v2/stats/store}, since the start of this member. Thread-safe. */
public final class StoreCounters implements KeyOperations {
    /** As etcd names them one after the other. */
    private static final List<Intent> ORDER = List.of(
            Intent.GET,
            Intent.SET,
            Intent.DELETE,
            Intent.UPDATE,
            Intent.CREATE,
            Intent.COMPARE_AND_SWAP,
            Intent.COMPARE_AND_DELETE);

    /** By the number of the intent. */
    private final LongAdder[] succeeded = adders();

    private final LongAdder[] failed = adders();
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
        return Stream.generate(LongAdder::new).limit(Intent.values().length).toArray(LongAdder[]::new);
    }

    @Override
    public void done(Intent intent, boolean success) {
        (success ? succeeded : failed)[intent.ordinal()].increment();
    }

    String json() {
        StringBuilder json = new StringBuilder("{");
        for (Intent intent : ORDER) {
            field(json, field(intent) + "Success", succeeded[intent.ordinal()].sum());
            field(json, field(intent) + "Fail", failed[intent.ordinal()].sum());
        }
        field(json, "expireCount", expiredLeases.getAsLong());
        field(json, "watchers", watchers.getAsLong());
        json.setCharAt(json.length() - 1, '}');
        return json.toString();
    }

    /** What the names of its two numbers begin with. */
    private static String field(Intent intent) {
        return switch (intent) {
            case GET -> "gets";
            case SET -> "sets";
            case DELETE -> "delete";
            case UPDATE -> "update";
            case CREATE -> "create";
            case COMPARE_AND_SWAP -> "compareAndSwap";
            case COMPARE_AND_DELETE -> "compareAndDelete";
        };
    }

    private static void field(StringBuilder json, String name, long value) {
        json.append('"').append(name).append("\":").append(value).append(',');
    }
}
