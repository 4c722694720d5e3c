package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The chunks of {@link KeyCounts} at one state of the backend, in key order: places from a first key up to the next place's, each of which is a
 * chunk or a gap. Before the first place is a gap too, number -1. Immutable.
 */
final class CountedChunks {
    /** What a place costs beside the bytes of its key, on the safe side: object, array, slots. */
    private static final int PLACE_BYTES = 80;

    private static final int GAP = -1;
    private static final int NOT_UNITED = -1;

    static final CountedChunks NONE = new Builder(0, NOT_UNITED).build();

    private final ByteString[] firsts;
    private final int[] lives;
    private final long[] newest;
    private final long bytes;

    private CountedChunks(ByteString[] firsts, int[] lives, long[] newest, long bytes) {
        this.firsts = firsts;
        this.lives = lives;
        this.newest = newest;
        this.bytes = bytes;
    }

    /**
     * @param first no key before it belongs to the chunk
     * @param live entries that are no tombstones
     * @param newest no entry has a greater main revision
     */
    record Chunk(ByteString first, int live, long newest) {}

    /**
     * Chunks that follow each other without a gap.
     *
     * @param end the first key behind the last one; null when there is none
     */
    record Row(List<Chunk> chunks, @Nullable ByteString end) {}

    /** The memory that these chunks take, estimated. */
    long bytes() {
        return bytes;
    }

    /** The place that the key lies in. */
    int find(ByteString key) {
        return find(key, 0);
    }

    /** As {@link #find(ByteString)}, for a key that does not lie before the place {@code from}. */
    private int find(ByteString key, int from) {
        int low = from;
        int high = firsts.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (KeyRange.KEY_ORDER.compare(firsts[middle], key) <= 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }

    boolean isGap(int place) {
        return place < 0 || lives[place] == GAP;
    }

    /** Whether the place begins with the key. */
    boolean beginsWith(int place, ByteString key) {
        return place >= 0 && firsts[place].equals(key);
    }

    /** Where the next place begins; null behind the last one. */
    @Nullable
    ByteString end(int place) {
        return place + 1 < firsts.length ? firsts[place + 1] : null;
    }

    int live(int place) {
        return lives[place];
    }

    long newest(int place) {
        return newest[place];
    }

    /** These chunks and those of the row; null when there is no gap for all of them. */
    @Nullable
    CountedChunks with(Row row) {
        ByteString start = row.chunks().get(0).first();
        ByteString end = row.end();
        int before = find(start);
        if (beginsWith(before, start)) {
            before--;
        } else if (!isGap(before)) {
            return null;
        }
        int behind = before + 1;
        while (behind < firsts.length && (end == null || KeyRange.KEY_ORDER.compare(firsts[behind], end) < 0)) {
            if (!isGap(behind)) {
                return null;
            }
            behind++;
        }
        Builder builder = new Builder(firsts.length + row.chunks().size() + 1, NOT_UNITED);
        for (int i = 0; i <= before; i++) {
            builder.add(firsts[i], lives[i], newest[i]);
        }
        for (Chunk chunk : row.chunks()) {
            builder.add(chunk.first(), chunk.live(), chunk.newest());
        }
        if (end != null && !(behind < firsts.length && firsts[behind].equals(end))) {
            builder.add(end, GAP, 0);
        }
        for (int i = behind; i < firsts.length; i++) {
            builder.add(firsts[i], lives[i], newest[i]);
        }
        return builder.build();
    }

    /** The chunks after these versions, the newest of their keys and in key order, and all that led to them, were written. */
    CountedChunks after(Iterable<Version> written, KeyCounts.Sizes sizes) {
        if (firsts.length == 0) {
            return this;
        }
        int[] nowLive = lives.clone();
        long[] nowNewest = newest.clone();
        boolean changed = false;
        int place = 0;
        for (Version version : written) {
            place = Math.max(0, find(version.key(), place));
            if (nowLive[place] == GAP || KeyRange.KEY_ORDER.compare(firsts[place], version.key()) > 0) {
                continue;
            }
            changed = true;
            int live = nowLive[place] + (version.tombstone() ? 0 : 1) - (livedBefore(version) ? 1 : 0);
            nowLive[place] = live < 0 || live > sizes.chunkKeysMax() ? GAP : live;
            nowNewest[place] = Math.max(nowNewest[place], version.revision().main());
        }
        if (!changed) {
            return this;
        }
        Builder builder = new Builder(firsts.length, sizes.chunkEntries());
        for (int i = 0; i < firsts.length; i++) {
            builder.add(firsts[i], nowLive[i], nowNewest[i]);
        }
        return builder.build();
    }

    /** Whether the key lived before the generation that the version belongs to. */
    private static boolean livedBefore(Version version) {
        Version first = version;
        for (Version older = first.older(); older != null; older = older.older()) {
            first = older;
        }
        return first.previous() != null && !first.previousTombstone();
    }

    /** Takes places in key order; makes one of gaps side by side, and of chunks side by side with few keys. */
    private static final class Builder {
        private final int unitedMax;
        private final List<ByteString> firsts;
        private int[] lives;
        private long[] newest;
        private long bytes;

        Builder(int places, int unitedMax) {
            this.unitedMax = unitedMax;
            this.firsts = new ArrayList<>(places);
            this.lives = new int[places];
            this.newest = new long[places];
        }

        void add(ByteString first, int live, long newestMain) {
            int last = firsts.size() - 1;
            boolean followsGap = last < 0 || lives[last] == GAP;
            if (live == GAP && followsGap) {
                return;
            }
            if (live != GAP && !followsGap && lives[last] + live <= unitedMax) {
                lives[last] += live;
                newest[last] = Math.max(newest[last], newestMain);
                return;
            }
            firsts.add(first);
            lives[last + 1] = live;
            newest[last + 1] = newestMain;
            bytes += first.size() + PLACE_BYTES;
        }

        CountedChunks build() {
            int places = firsts.size();
            return new CountedChunks(
                    firsts.toArray(new ByteString[0]),
                    Arrays.copyOf(lives, places),
                    Arrays.copyOf(newest, places),
                    bytes);
        }
    }
}
