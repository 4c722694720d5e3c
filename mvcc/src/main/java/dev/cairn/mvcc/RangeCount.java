package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One count of the live keys of a range at one revision, by {@link KeyCounts}: chunks that hold are added up, keys of the overlay in them
 * corrected one by one; where chunks do not hold or only a part of one is in the range, the keys are walked over. What a gap is
 * walked over for becomes chunks. Confined to the thread of its view.
 */
final class RangeCount {
    /** A long gap is made known in pieces, so that a flush in the midst of it does not cost everything. */
    private static final int CHUNKS_AT_ONCE = 64;

    /** The last chunk of a count that does not close a gap has at least this part of the entries of others. */
    private static final int SMALL_PART = 4;

    private final ReadView view;
    private final long main;
    private final @Nullable ByteString end;
    private final KeyCounts counts;
    private final long flush;
    private final List<OverlayKeys> overlay = new ArrayList<>(2);

    private CountedChunks chunks;
    private long total;

    // Keys from here up to where the count stands are still to be walked over; null when there are none.
    private @Nullable ByteString unwalked;

    private RangeCount(ReadView view, @Nullable ByteString end, long main) {
        this.view = view;
        this.main = main;
        this.end = end;
        this.counts = view.counts();
        this.flush = KeyCounts.flushOf(view.txn());
        this.chunks = counts.at(flush);
        overlay.add(new OverlayKeys(view.overlay().active()));
        Generation frozen = view.overlay().frozen();
        if (frozen != null) {
            overlay.add(new OverlayKeys(frozen));
        }
    }

    static long of(ReadView view, KeyRange range, long main) {
        return range.isEmpty() ? 0 : new RangeCount(view, range.end(), main).from(range.start());
    }

    private long from(ByteString start) {
        @Nullable ByteString at = start;
        while (at != null && (end == null || KeyRange.KEY_ORDER.compare(at, end) < 0)) {
            int place = chunks.find(at);
            ByteString placeEnd = chunks.end(place);
            boolean endsInRange = end == null || (placeEnd != null && KeyRange.KEY_ORDER.compare(placeEnd, end) <= 0);
            ByteString limit = endsInRange ? placeEnd : end;
            if (chunks.isGap(place)) {
                CountedChunks.Row row = row(at, limit, endsInRange);
                if (!row.chunks().isEmpty()) {
                    // Now there is no gap here any more.
                    chunks = counts.add(flush, chunks, row);
                    continue;
                }
            }
            boolean counted = !chunks.isGap(place) && endsInRange && chunks.beginsWith(place, at) && add(place, at);
            if (!counted && unwalked == null) {
                unwalked = at;
            }
            at = limit;
        }
        walk(end);
        return total;
    }

    /** Walks over what was put off, up to the key. */
    private void walk(@Nullable ByteString to) {
        if (unwalked == null) {
            return;
        }
        try (RangeCursor cursor = view.range(new KeyRange(unwalked, to), main)) {
            while (cursor.next()) {
                total++;
            }
        }
        unwalked = null;
    }

    /** Adds the live keys of a chunk; answers false when it has to be walked over instead. */
    private boolean add(int place, ByteString first) {
        if (chunks.newest(place) > main) {
            return false;
        }
        ByteString placeEnd = chunks.end(place);
        Set<ByteString> touched = Set.of();
        for (OverlayKeys keys : overlay) {
            if (keys.haveAny(first, placeEnd)) {
                touched = touched.isEmpty() ? new HashSet<>() : touched;
                if (!keys.addTo(touched, placeEnd, counts.sizes().correctedMax())) {
                    return false;
                }
            }
        }
        walk(first);
        total += chunks.live(place);
        for (ByteString key : touched) {
            Version version = view.overlay().at(key, main);
            if (version != null) {
                ByteBuffer entry = ReadView.IDX.get(view.txn(), key);
                boolean counted = entry != null && !KeyState.isTombstone(entry);
                total += (version.tombstone() ? 0 : 1) - (counted ? 1 : 0);
            }
        }
        return true;
    }

    /**
     * The chunks of a gap from the key on up to the limit, where a chunk may begin too: who counts a range once often counts it again.
     *
     * @param closesGap whether the gap ends at the limit, so that the last chunk may be a very small one
     */
    private CountedChunks.Row row(ByteString from, @Nullable ByteString limit, boolean closesGap) {
        List<CountedChunks.Chunk> found = new ArrayList<>();
        ByteString first = copy(from);
        int entries = 0;
        int live = 0;
        long newest = 0;
        ByteBuffer stop = limit == null ? null : limit.asReadOnlyByteBuffer();
        try (KeyTable.Scan scan = ReadView.IDX.scan(view.txn(), from)) {
            while (!scan.atEnd() && (stop == null || scan.compareTo(stop) < 0)) {
                if (entries == counts.sizes().chunkEntries()) {
                    found.add(new CountedChunks.Chunk(first, live, newest));
                    first = scan.key();
                    entries = 0;
                    live = 0;
                    newest = 0;
                    if (found.size() == CHUNKS_AT_ONCE) {
                        return new CountedChunks.Row(found, first);
                    }
                }
                ByteBuffer entry = scan.value();
                entries++;
                live += KeyState.isTombstone(entry) ? 0 : 1;
                newest = Math.max(newest, KeyState.mainAt(entry));
                scan.next();
            }
        }
        if (!closesGap && entries < counts.sizes().chunkEntries() / SMALL_PART) {
            return new CountedChunks.Row(found, first);
        }
        found.add(new CountedChunks.Chunk(first, live, newest));
        return new CountedChunks.Row(found, limit == null ? null : copy(limit));
    }

    /** Of a key that is to be kept: the other may be a part of something larger. */
    private static ByteString copy(ByteString key) {
        return ByteString.copyFrom(key.toByteArray());
    }

    /** The keys of one generation, met in ascending order. */
    private static final class OverlayKeys {
        private final NavigableMap<ByteString, Version> versions;

        // The first key that was not left behind yet; meaningless before the first look.
        private @Nullable ByteString next;
        private boolean looked;

        OverlayKeys(Generation generation) {
            versions = generation.versions();
        }

        boolean haveAny(ByteString from, @Nullable ByteString to) {
            if (!looked || (next != null && KeyRange.KEY_ORDER.compare(next, from) < 0)) {
                next = versions.ceilingKey(from);
                looked = true;
            }
            return next != null && (to == null || KeyRange.KEY_ORDER.compare(next, to) < 0);
        }

        /** Adds the keys from the next one up to the end; answers false when there are more than so many in all. */
        boolean addTo(Set<ByteString> keys, @Nullable ByteString to, int most) {
            NavigableMap<ByteString, Version> rest =
                    next == null ? Collections.emptyNavigableMap() : versions.tailMap(next, true);
            for (ByteString key : rest.keySet()) {
                if (to != null && KeyRange.KEY_ORDER.compare(key, to) >= 0) {
                    break;
                }
                keys.add(key);
                if (keys.size() > most) {
                    return false;
                }
            }
            return true;
        }
    }
}
