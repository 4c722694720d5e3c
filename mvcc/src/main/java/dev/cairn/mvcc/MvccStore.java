package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import java.util.Collection;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The store of every revision of every key.
 *
 * <p><b>Threads.</b> One apply loop writes: {@link #put}, {@link #deleteRange}, {@link #txn}, {@link #deleteKeys},
 * {@link #scheduleCompaction}, {@link #confState}, {@link #applied} and the {@link Tables} methods are confined to it. Reads,
 * statistics, hashes, {@link #defragment} and {@link #close} may come from any thread; a read takes no lock that a write
 * needs and sees one revision as a whole.
 *
 * <p><b>An entry.</b> All writes since the last call of {@link #applied} belong to one log entry. They become durable together
 * with the index given there, or not at all: after a crash {@link #appliedState} names the entry to go on behind. Every entry
 * is closed by {@code applied}, also one that was refused or changed nothing.
 *
 * <p><b>Refusal.</b> A method that throws {@link KvException} has changed nothing. {@link StoreFailedException} means that the
 * backend is broken; {@link IllegalStateException} that the store is closed or a rule above was broken.
 *
 * <p>Keys are never empty; the caller has checked the form of requests, counts and duplicate keys of transactions included.
 */
public final class MvccStore implements RevisionLog, Tables, AutoCloseable {
    private MvccStore() {}

    /**
     * Opens the store and recovers its revision, compaction and applied index; an interrupted compaction goes on by itself.
     *
     * @throws dev.cairn.mvcc.backend.BackendException when the storage cannot be opened
     */
    public static MvccStore open(StoreOptions options) {
        throw new UnsupportedOperationException(options.toString());
    }

    /**
     * Names who knows the leases, and attaches every key that hangs on one that exists. Called once, before the first write;
     * without it no lease exists.
     */
    public void setLeases(LeaseAttachments leases) {
        throw new UnsupportedOperationException();
    }

    /** Names who is told of changes; called before the first write. */
    public void setListener(EventListener listener) {
        throw new UnsupportedOperationException();
    }

    /** What the backend held when the store was opened. */
    public AppliedState appliedState() {
        throw new UnsupportedOperationException();
    }

    /** The housekeeping that the server gives a thread. */
    public Flusher flusher() {
        throw new UnsupportedOperationException();
    }

    @Override
    public long currentRevision() {
        throw new UnsupportedOperationException();
    }

    @Override
    public long compactedRevision() {
        throw new UnsupportedOperationException();
    }

    /**
     * Evaluates a range at the requested revision, or at the current one when that is 0 or less. {@code serializable} is the
     * caller's matter.
     *
     * @throws KvException COMPACTED or FUTURE_REVISION
     */
    public RangeResult range(RangeRequest request) throws KvException {
        throw new UnsupportedOperationException();
    }

    /**
     * A range to be read in pieces. Revision filters and sort orders must not be set; a sort target without order sorts each
     * piece.
     *
     * @throws KvException COMPACTED or FUTURE_REVISION
     */
    public RangeReader rangeStream(RangeRequest request) throws KvException {
        throw new UnsupportedOperationException();
    }

    /**
     * Evaluates a transaction of compares and ranges only, at one revision.
     *
     * @throws KvException when one of the ranges to be evaluated is COMPACTED or of a FUTURE_REVISION
     */
    public TxnResponse readTxn(TxnRequest request) throws KvException {
        throw new UnsupportedOperationException();
    }

    @Override
    public long read(long from, int maxEvents, long maxBytes, EventSink sink) throws KvException {
        throw new UnsupportedOperationException();
    }

    @Override
    public @Nullable ByteString keyValueAt(Revision revision) {
        throw new UnsupportedOperationException();
    }

    /** @throws KvException LEASE_NOT_FOUND, or KEY_NOT_FOUND for {@code ignore_value} and {@code ignore_lease} */
    public PutResponse put(PutRequest request) throws KvException {
        throw new UnsupportedOperationException();
    }

    /** Deletes all keys of the range in one revision; no keys, no revision. */
    public DeleteRangeResponse deleteRange(DeleteRangeRequest request) {
        throw new UnsupportedOperationException();
    }

    /**
     * Evaluates the compares and then the operations of one branch, all writes in one revision.
     *
     * @throws KvException for the first put or range of the branch that would be refused
     */
    public TxnResponse txn(TxnRequest request) throws KvException {
        throw new UnsupportedOperationException();
    }

    /**
     * Deletes those of the keys that exist, in key order and in one revision: what the revocation of a lease does.
     *
     * @return the number of keys deleted; 0 means that there is no new revision
     */
    public int deleteKeys(Collection<ByteString> keys) {
        throw new UnsupportedOperationException();
    }

    /**
     * Makes the revisions that are superseded at {@code revision} unreadable at once and has them removed in the background.
     *
     * @param whenRemoved run on the flusher's thread once they are removed from the backend; must not block
     * @throws KvException COMPACTED or FUTURE_REVISION
     */
    public void scheduleCompaction(long revision, @Nullable Runnable whenRemoved) throws KvException {
        throw new UnsupportedOperationException();
    }

    /** Records the configuration that the current entry leads to, in etcd's JSON form. */
    public void confState(ByteString json) {
        throw new UnsupportedOperationException();
    }

    /** Closes the current entry: all writes since the last call belong to it. The index never goes back. */
    public void applied(long index, long term) {
        throw new UnsupportedOperationException();
    }

    @Override
    public @Nullable ByteString get(Table table, ByteString key) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void put(Table table, ByteString key, ByteString value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void delete(Table table, ByteString key) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void forEach(Table table, BiConsumer<ByteString, ByteString> consumer) {
        throw new UnsupportedOperationException();
    }

    /**
     * The digest at a revision, 0 for the current one, by etcd's rules. Takes time in proportion to the store; flushes first.
     *
     * @throws KvException COMPACTED or FUTURE_REVISION
     */
    public HashKv hashKv(long revision) throws KvException {
        throw new UnsupportedOperationException();
    }

    /** The digest of everything, by the rules of etcd's {@code Maintenance.Hash}. Takes time; flushes first. */
    public int hash() {
        throw new UnsupportedOperationException();
    }

    /** The number of keys at the current revision. */
    public long keys() {
        throw new UnsupportedOperationException();
    }

    /** What counts against the quota: the pages in use at the last flush, and what waits to be flushed. */
    public long sizeInUse() {
        throw new UnsupportedOperationException();
    }

    /** The size of the backend's file. */
    public long sizeOnDisk() {
        throw new UnsupportedOperationException();
    }

    /**
     * Rewrites the backend without its free pages. Requests go on; only the flusher waits, so memory grows meanwhile by what
     * is applied, up to the overlay's bound.
     */
    public void defragment() {
        throw new UnsupportedOperationException();
    }

    /**
     * Hands everything to the visitor as etcd's buckets hold it: buckets and pairs in byte order, keys of the bucket
     * {@code key} in etcd's form. Flushes first; reads one snapshot.
     */
    public void export(BucketVisitor visitor) {
        throw new UnsupportedOperationException();
    }

    /** Flushes what whole entries have written, waits for readers and closes the backend. Idempotent. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }

    /** Receives the pairs of etcd's buckets. */
    public interface BucketVisitor {
        /** A bucket begins; its pairs follow. Called for empty buckets too. */
        void bucket(String name);

        void pair(ByteString key, ByteString value);
    }
}
