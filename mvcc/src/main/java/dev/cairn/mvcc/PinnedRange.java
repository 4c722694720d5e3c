package dev.cairn.mvcc;

import dev.cairn.proto.etcdserverpb.RangeRequest;
import java.util.List;

/** A range read in pieces at one revision, with a fresh view for each. Confined to one thread at a time. */
final class PinnedRange implements RangeReader {
    private final StoreState state;
    private final RangeQuery query;
    private final long main;
    private final long shown;
    private final long limit;
    private final boolean countOnly;
    private final RangeQuery.Rests rests;

    // What is still to be read: the keys of the range from here on, as long as the limit allows.
    private KeyRange rest;
    private boolean exhausted;
    private long given;

    PinnedRange(StoreState state, RangeRequest request, long main, long shown, RangeQuery.Rests rests) {
        this.state = state;
        this.query = new RangeQuery(request);
        this.main = main;
        this.shown = shown;
        this.rests = rests;
        this.limit = request.getLimit() <= 0 ? Long.MAX_VALUE : request.getLimit();
        this.countOnly = request.getCountOnly();
        this.rest = query.range();
        this.exhausted = rest.isEmpty();
    }

    @Override
    public long revision() {
        return shown;
    }

    @Override
    public boolean hasNext() {
        return !exhausted && given < limit && !countOnly;
    }

    @Override
    public RangeResult next(int most) throws KvException {
        if (most < 1) {
            throw new IllegalArgumentException("a piece of " + most + " keys");
        }
        if (!hasNext()) {
            return new RangeResult(shown, 0, false, List.of());
        }
        try (ReadView view = open()) {
            RangeCursor cursor = view.range(rest, main);
            RangeResult piece = query.piece(cursor, Math.min(most, limit - given), main, shown, rests);
            given += piece.keyValuesInAll();
            if (cursor.next()) {
                rest = new KeyRange(cursor.key(), rest.end());
            } else {
                exhausted = true;
            }
            return piece;
        }
    }

    private ReadView open() throws KvException {
        ReadView view = state.open();
        try {
            state.checkReadable(main, main);
        } catch (KvException e) {
            view.close();
            throw e;
        }
        return view;
    }

    @Override
    public boolean more() {
        return !exhausted && !countOnly;
    }

    @Override
    public long count() throws KvException {
        if (exhausted) {
            return given;
        }
        try (ReadView view = open()) {
            return given + view.range(rest, main).countRest();
        }
    }
}
