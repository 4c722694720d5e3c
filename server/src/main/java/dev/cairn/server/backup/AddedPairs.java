package dev.cairn.server.backup;

import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Pairs that join those of a bucket while it is walked through, each in its place. For one walk through one bucket. Confined to one thread. */
public final class AddedPairs {
    /** Which pair goes on where both sides have one with the same key. */
    public enum Preference {
        ADDED,
        PRESENT
    }

    private final TableSource.Visitor out;
    private final Preference preference;
    private final Iterator<Map.Entry<byte[], byte[]>> rest;
    private Map.@Nullable Entry<byte[], byte[]> next;

    /**
     * @param pairs made by {@link #none}
     * @param out hears the pairs of both sides, in order; of the bucket itself it is told by others
     */
    public AddedPairs(NavigableMap<byte[], byte[]> pairs, Preference preference, TableSource.Visitor out) {
        this.out = out;
        this.preference = preference;
        this.rest = pairs.entrySet().iterator();
        advance();
    }

    /** No pairs yet, to be added to; in the order of a bucket. */
    public static NavigableMap<byte[], byte[]> none() {
        return new TreeMap<>(Arrays::compareUnsigned);
    }

    /** The next pair that is present in the bucket. */
    public void pair(byte[] key, byte[] value) throws IOException {
        Map.Entry<byte[], byte[]> added = next;
        while (added != null && Arrays.compareUnsigned(added.getKey(), key) < 0) {
            out.pair(added.getKey(), added.getValue());
            added = advance();
        }
        if (added == null || !Arrays.equals(added.getKey(), key)) {
            out.pair(key, value);
            return;
        }
        out.pair(key, preference == Preference.ADDED ? added.getValue() : value);
        advance();
    }

    /** The bucket has no more pairs of its own. */
    public void finish() throws IOException {
        for (Map.Entry<byte[], byte[]> added = next; added != null; added = advance()) {
            out.pair(added.getKey(), added.getValue());
        }
    }

    private Map.@Nullable Entry<byte[], byte[]> advance() {
        next = rest.hasNext() ? rest.next() : null;
        return next;
    }
}
