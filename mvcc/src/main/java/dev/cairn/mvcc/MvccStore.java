package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.backend.Backend;
import dev.cairn.mvcc.backend.BackendFigures;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import java.util.Collection;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The store of every revision of every key.
 *
 * <p><b>Threads.</b> One apply loop writes: {@link #put}, {@link #deleteRange}, {@link #txn}, {@link #deleteKeys},
 * {@link #attachMore}, {@link #attachAll}, {@link #scheduleCompaction}, {@link #confState}, {@link #applied} and the {@link Tables} methods are confined to it. Reads,
 * statistics, hashes, {@link #defragment} and {@link #close} may come from any thread; a read takes no lock that a write
 * needs and sees one revision as a whole.
 *
 * <p><b>An entry.</b> All writes since the last call of {@link #applied} belong to one log entry. They become durable together
 * with the index given there, or not at all: after a crash {@link #appliedState} names the entry to go on behind. Every entry
 * is closed by {@code applied}, also one that was refused or changed nothing.
 *
 * <p><b>Refusal.</b> A method that throws {@link KvException} has changed nothing. {@link StoreFailedException} means that the
 * backend is broken, {@link DamagedStoreException} that what it holds is; {@link IllegalStateException} that the store is closed or a rule above was broken.
 *
 * <p>Keys are never empty; the caller has checked the form of requests, counts and duplicate keys of transactions included.
 */
public final class MvccStore implements RevisionLog, Tables, AutoCloseable {
    private static final EventListener NO_LISTENER = (mainRevision, events) -> {};

    /** For tests that look behind the face. */
    final StoreState state;

    private final StoreFlusher flusher;
    private final Compactor compactor;
    private final CompactionHolds holds = new CompactionHolds(StoreImage.AGE_MAX_NANOS);
    private final KvHashes hashes;
    private final StoreMeter meter;
    private final SmallTables tables;
    private final long overlayBytesMax;
    private final HistoryReader history;
    private final AppliedState appliedAtOpen;

    // Confined to the apply loop once it runs.

    /** There are none until someone says. */
    private LeaseAttachments leases = LeaseAttachments.forgetful(lease -> false);

    private LeaseWalk walk;

    private EventListener listener = NO_LISTENER;
    private long appliedIndex;

    private MvccStore(Recovered recovered, StoreState state, StoreOptions options) {
        this.state = state;
        this.meter = options.meter();
        this.hashes = new KvHashes();
        this.compactor = new Compactor(state, hashes, holds, options, recovered.finished(), recovered.scheduled());
        this.flusher =
                new StoreFlusher(state, options, compactor, recovered.applied().index());
        this.overlayBytesMax = options.overlayBytesMax();
        this.tables = new SmallTables(state);
        this.history = new HistoryReader(state);
        this.walk = LeaseWalk.none(state);
        this.appliedAtOpen = recovered.applied();
        this.appliedIndex = recovered.applied().index();
    }

    /**
     * Opens the store and recovers its revision, compaction and applied index; an interrupted compaction goes on by itself.
     *
     * @throws dev.cairn.mvcc.backend.BackendException when the storage cannot be opened
     * @throws DamagedStoreException when it is not what was written
     */
    public static MvccStore open(StoreOptions options) {
        return open(options, KeyCounts.Sizes.DEFAULT);
    }

    static MvccStore open(StoreOptions options, KeyCounts.Sizes sizes) {
        StoreFailure failure = new StoreFailure(options.onFailure());
        Backend backend = new ChecksummedBackend(options.backend().open(Layout.TABLES), Layout.TABLES, failure);
        try {
            Recovered recovered = Recovered.from(backend);
            KeyCounts counts = new KeyCounts(sizes);
            StoreState state = new StoreState(
                    backend, failure, counts, recovered.current(), recovered.compacted(), recovered.keys());
            return new MvccStore(recovered, state, options);
        } catch (RuntimeException e) {
            backend.close();
            throw e;
        }
    }

    /**
     * Names who knows the leases, and begins to attach every key that hangs on one that exists. Called before the first write, and again after {@link
     * #replace}; without it no lease exists.
     *
     * <p>A store of some ten thousand keys has them attached on return. With more, {@link #attachMore} and {@link #attachAll} go on, entries may be
     * applied meanwhile, and {@link LeaseAttachments#attachedAll} tells the end. The walk over all keys is also the occasion to count them: fewer
     * or more than the store knows of is damage.
     */
    public void setLeases(LeaseAttachments attachments) {
        setLeases(attachments, LeaseWalk.Steps.DEFAULT);
    }

    void setLeases(LeaseAttachments attachments, LeaseWalk.Steps steps) {
        leases = attachments;
        walk = LeaseWalk.begin(state, attachments, steps);
        walk.step();
    }

    /** For tests that look behind the face. */
    LeaseWalk walk() {
        return walk;
    }

    /**
     * Attaches some thousand keys more to their leases: to be called between two entries again and again, with whatever else is to be done in
     * between.
     *
     * @return whether there are more
     */
    public boolean attachMore() {
        return walk.step();
    }

    /** Attaches all keys that are not attached yet: before anything depends on which keys hang on a lease. Called outside of an entry's writes. */
    public void attachAll() {
        walk.finish();
    }

    /** Names who is told of changes; called before the first write. */
    public void setListener(EventListener eventListener) {
        listener = eventListener;
    }

    /** What the backend held when the store was opened. */
    public AppliedState appliedState() {
        return appliedAtOpen;
    }

    /** The housekeeping that the server gives a thread. */
    public Flusher flusher() {
        return flusher;
    }

    /** What the storage below is made of. Thread-safe. */
    public BackendFigures storage() {
        return state.backend().figures();
    }

    /** Bytes that wait for the flusher. Thread-safe. */
    public long overlayBytes() {
        return state.overlay().view().bytes();
    }

    /** From so many bytes on writes wait for the flusher. */
    public long overlayBytesMax() {
        return overlayBytesMax;
    }

    @Override
    public long currentRevision() {
        return state.current();
    }

    @Override
    public long compactedRevision() {
        return state.compacted();
    }

    /**
     * Evaluates a range at the requested revision, or at the current one when that is 0 or less. {@code serializable} is the
     * caller's matter.
     *
     * @throws KvException COMPACTED or FUTURE_REVISION
     */
    public RangeResult range(RangeRequest request) throws KvException {
        meter.onRange();
        RangeQuery query = new RangeQuery(request);
        return atRevision(request.getRevision(), (view, main, current) -> query.evaluate(view, main, current));
    }

    /**
     * As {@link #range(RangeRequest)}, but in key order and without filters only so many bytes are kept as single key-values; what is
     * behind them is measured, and values are read later: {@link RangeResult#rest}. Close the result.
     */
    public RangeResult range(RangeRequest request, long keptBytesMax) throws KvException {
        meter.onRange();
        RangeQuery query = new RangeQuery(request);
        RangeQuery.Rests rests = rests(keptBytesMax);
        return atRevision(request.getRevision(), (view, main, current) -> query.evaluate(view, main, current, rests));
    }

    private RangeQuery.Rests rests(long keptBytesMax) {
        return new RangeQuery.Rests() {
            @Override
            public long keptBytesMax() {
                return keptBytesMax;
            }

            @Override
            public @Nullable RangeRest begin(long main) {
                // Rests that come and go would keep a compaction waiting for ever.
                if (compactor.finished() < state.compacted()) {
                    return null;
                }
                CompactionHolds.Hold hold = holds.hold(StoredRest.IDLE_MAX_NANOS);
                if (main < state.compacted()) {
                    hold.close();
                    return null;
                }
                return new StoredRest(state, hold);
            }
        };
    }

    /** Whether the range holds a key now; not counted as a range that somebody asked for. */
    public boolean holdsAny(KeyRange range) throws KvException {
        return atRevision(0, (view, main, current) -> view.range(range, main).next());
    }

    /**
     * A range to be read in pieces. Revision filters and sort orders must not be set; a sort target without order sorts each
     * piece. Of each only so many bytes are kept, as above.
     *
     * @throws KvException COMPACTED or FUTURE_REVISION
     */
    public RangeReader rangeStream(RangeRequest request, long keptBytesMax) throws KvException {
        meter.onRange();
        RangeQuery.Rests rests = rests(keptBytesMax);
        return atRevision(
                request.getRevision(), (view, main, current) -> new PinnedRange(state, request, main, current, rests));
    }

    /**
     * Evaluates a transaction of compares and ranges only, at one revision.
     *
     * @throws KvException when one of the ranges to be evaluated is COMPACTED or of a FUTURE_REVISION
     */
    public TxnResponse readTxn(TxnRequest request) throws KvException {
        return atRevision(0, (view, main, current) -> TxnEvaluator.read(request, state, meter, leases, view, current));
    }

    /** Work on a view that holds every revision up to {@code current} and can be read at {@code main}. */
    private interface AtRevision<T> {
        T read(ReadView view, long main, long current) throws KvException;
    }

    private <T> T atRevision(long requested, AtRevision<T> reader) throws KvException {
        while (true) {
            long current = state.current();
            try (ReadView view = state.open()) {
                if (requested > 0) {
                    state.checkReadable(requested, current);
                    return reader.read(view, requested, current);
                }
                // Else a newer revision was compacted just now, and is the one to be read.
                if (current >= state.compacted()) {
                    return reader.read(view, current, current);
                }
            }
        }
    }

    /** Every write begins here: the entry is open until {@link #applied}. */
    private void beginWrite() {
        state.checkWritable();
        if (!state.overlay().isMine()) {
            flusher.relieve();
        }
        state.overlay().beginEntry();
    }

    @Override
    public long read(long from, int maxEvents, long maxBytes, EventSink sink) throws KvException {
        return history.read(from, maxEvents, maxBytes, sink);
    }

    @Override
    public @Nullable ByteString keyValueAt(Revision revision) {
        return history.keyValueAt(revision);
    }

    /**
     * Writes one version of a key.
     *
     * @throws KvException LEASE_NOT_FOUND, or KEY_NOT_FOUND for {@code ignore_value} and {@code ignore_lease}
     */
    public PutResponse put(PutRequest request) throws KvException {
        beginWrite();
        try (WriteScope scope = new WriteScope(state, leases, walk)) {
            // In this order, and in a transaction the other way round: what is wrong in both ways is told as etcd does.
            TxnEvaluator.checkLease(request, leases);
            TxnEvaluator.checkKept(request, scope.view());
            if (TxnEvaluator.meterPut(meter, request) > 1) {
                meter.onTxn();
            }
            PutResponse response = scope.put(request);
            scope.finish(listener);
            return response;
        }
    }

    /** Deletes all keys of the range in one revision; no keys, no revision. */
    public DeleteRangeResponse deleteRange(DeleteRangeRequest request) {
        beginWrite();
        if (TxnEvaluator.meterDelete(meter, request) > 1) {
            meter.onTxn();
        }
        try (WriteScope scope = new WriteScope(state, leases, walk)) {
            DeleteRangeResponse response = scope.deleteRange(request);
            scope.finish(listener);
            return response;
        }
    }

    /**
     * Evaluates the compares and then the operations of one branch, all writes in one revision.
     *
     * @throws KvException for the first put or range of the branch that would be refused
     */
    public TxnResponse txn(TxnRequest request) throws KvException {
        beginWrite();
        try (WriteScope scope = new WriteScope(state, leases, walk)) {
            TxnResponse response = TxnEvaluator.write(request, state, meter, leases, scope);
            scope.finish(listener);
            return response;
        }
    }

    /**
     * Deletes those of the keys that exist, in key order and in one revision: what the revocation of a lease does.
     *
     * @return the number of keys deleted; 0 means that there is no new revision
     */
    public int deleteKeys(Collection<ByteString> keys) {
        beginWrite();
        try (WriteScope scope = new WriteScope(state, leases, walk)) {
            int deleted = scope.deleteKeys(keys);
            keys.forEach(key -> meter.onDelete());
            if (keys.size() > 1) {
                meter.onTxn();
            }
            scope.finish(listener);
            return deleted;
        }
    }

    /**
     * Makes the revisions that are superseded at {@code revision} unreadable at once and has them removed in the background.
     *
     * @param whenRemoved run on the flusher's thread once they are removed from the backend; must not block
     * @throws KvException COMPACTED or FUTURE_REVISION
     */
    public void scheduleCompaction(long revision, @Nullable Runnable whenRemoved) throws KvException {
        beginWrite();
        long started = System.nanoTime();
        long compacted = state.compacted();
        if (revision <= compacted) {
            throw new KvException(KvException.Reason.COMPACTED);
        }
        if (revision > state.current()) {
            throw new KvException(KvException.Reason.FUTURE_REVISION);
        }
        tables.put(Table.META, Layout.META_SCHEDULED_COMPACTION, Layout.compaction(revision));
        compactor.request(revision, compacted, whenRemoved);
        state.compact(revision);
        meter.onCompactionScheduled(System.nanoTime() - started);
    }

    /** Records the configuration that the current entry leads to, in etcd's JSON form. */
    public void confState(ByteString json) {
        beginWrite();
        tables.put(Table.META, Layout.META_CONF_STATE, json);
    }

    /** Closes the current entry: all writes since the last call belong to it. The index never goes back. */
    public void applied(long index, long term) {
        state.checkWritable();
        if (index < appliedIndex) {
            throw new IllegalArgumentException("applied index " + index + " after " + appliedIndex);
        }
        appliedIndex = index;
        state.overlay().endEntry(new Generation.Applied(index, term, state.keys()));
    }

    @Override
    public @Nullable ByteString get(Table table, ByteString key) {
        return tables.get(table, key);
    }

    @Override
    public void put(Table table, ByteString key, ByteString value) {
        beginWrite();
        tables.put(table, key, value);
    }

    @Override
    public void delete(Table table, ByteString key) {
        beginWrite();
        tables.delete(table, key);
    }

    @Override
    public void forEach(Table table, BiConsumer<ByteString, ByteString> consumer) {
        tables.forEach(table, consumer);
    }

    /**
     * The digest at a revision, 0 for the current one, by etcd's rules. Takes time in proportion to the store; flushes first.
     *
     * @throws KvException COMPACTED or FUTURE_REVISION
     */
    public HashKv hashKv(long revision) throws KvException {
        long started = System.nanoTime();
        try (StoreFlusher.Settled settled = flusher.settle()) {
            KvHashes.Stored stored = hashes.find(revision);
            if (stored != null) {
                return new HashKv(stored.hash(), stored.compacted(), revision, settled.current());
            }
            long hashed = revision == 0 ? settled.current() : revision;
            if (hashed > settled.current()) {
                throw new KvException(KvException.Reason.FUTURE_REVISION);
            }
            if (revision > 0 && revision < settled.compacted()) {
                throw new KvException(KvException.Reason.COMPACTED);
            }
            KvHash hash = KvHash.of(hashed, settled.compacted());
            hash.step(settled.view(), Long.MAX_VALUE);
            meter.onHashKv(System.nanoTime() - started);
            return new HashKv(hash.value(), settled.compacted(), hashed, settled.current());
        }
    }

    /** The digests that the last compactions stored, the oldest first; any thread, and quick. */
    public List<HashKv> compactionHashes() {
        long current = state.current();
        return hashes.all().stream()
                .map(stored -> new HashKv(stored.hash(), stored.compacted(), stored.revision(), current))
                .toList();
    }

    /** The digest of everything, by the rules of etcd's {@code Maintenance.Hash}. Takes time; flushes first. */
    public int hash() {
        long started = System.nanoTime();
        int hash = EtcdView.hash(this::export);
        meter.onHash(System.nanoTime() - started);
        return hash;
    }

    /** The number of keys at the current revision. */
    public long keys() {
        return state.keys();
    }

    /** What counts against the quota: the pages in use at the last flush, and what waits to be flushed. */
    public long sizeInUse() {
        state.checkOpen();
        return state.backend().sizeInUse() + state.overlay().view().bytes();
    }

    /** The size of the backend's file. */
    public long sizeOnDisk() {
        state.checkOpen();
        return state.backend().sizeOnDisk();
    }

    /**
     * Rewrites the backend without its free pages. Requests go on; only the flusher waits, so memory grows meanwhile by what
     * is applied, up to the overlay's bound.
     */
    public void defragment() {
        flusher.defragment();
    }

    /**
     * Hands everything to the visitor as etcd's buckets hold it: buckets and pairs in byte order, keys of the bucket
     * {@code key} in etcd's form. Flushes first; reads one snapshot.
     */
    public void export(BucketVisitor visitor) {
        try (StoreFlusher.Settled settled = flusher.settle()) {
            EtcdView.visit(settled.view().txn(), visitor);
        }
    }

    /** The whole store as it is now, to be read bit by bit; flushes first. Close it: compaction waits for it. */
    public StoreImage image() {
        return flusher.image(holds);
    }

    /**
     * Follows what is written behind a revision, see {@link RevisionTail}. Close it: compaction waits for it.
     *
     * @return null when some of the rows behind the revision may be gone, or the store does not reach there
     */
    public @Nullable RevisionTail tail(long after) {
        return flusher.tail(holds, after);
    }

    /**
     * Goes on with a store that was built aside, whose log reaches further than this one's. Called on the apply loop between two entries; the
     * caller restores what it keeps of the small tables, leases first, and names them anew ({@link #setLeases}).
     *
     * <p>Reads that are under way end in the store they began in; all others find the new one. Images are lost. A compaction that waits is
     * carried on by the new store.
     *
     * @return gives back the old store's resources and waits for its readers: to be closed on a thread that may wait
     * @throws IllegalArgumentException when the other store is not newer than this one
     * @throws StoreFailedException when the files cannot be exchanged
     */
    public Retired replace(StoreReplacement newer) {
        state.checkWritable();
        if (state.overlay().isMine()) {
            throw new IllegalStateException("the store is replaced inside an entry");
        }
        long index = newer.applied().index();
        if (index <= appliedIndex) {
            throw new IllegalArgumentException("a store at index " + index + " in place of one at " + appliedIndex);
        }
        Backend before = flusher.replace(newer.take(state.failure()), newer.recovered(), holds);
        appliedIndex = index;
        walk = LeaseWalk.none(state);
        return before::close;
    }

    /** A store that another has taken the place of. */
    @FunctionalInterface
    public interface Retired extends AutoCloseable {
        /** Waits until the last reader has left. */
        @Override
        void close();
    }

    /** Flushes what whole entries have written, waits for readers and closes the backend. Idempotent. */
    @Override
    public void close() {
        flusher.close();
    }

    /** Receives the pairs of etcd's buckets. */
    public interface BucketVisitor {
        /** A bucket begins; its pairs follow. Called for empty buckets too. */
        void bucket(String name);

        void pair(ByteString key, ByteString value);
    }
}
