package dev.cairn.failpoint;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The places, under the names that etcd gives them. At each stands one line: {@link #hit}; where more than a delay or an end can be asked for,
 * {@link #returns} or {@link #fail}.
 *
 * <p>Thread-safe: any number of threads may pass a place while it is being set. What a place does, it does on the thread that passes it;
 * several threads sleep side by side.
 *
 * <p><b>Cost.</b> Every method begins by looking at {@link FailPoints#ON}, a constant of the process. When it is false, the compiler of the JVM
 * drops the rest, and with it the call.
 */
public enum FailPoint {
    /** The leader, before it hands the messages of a Ready to the peers. */
    RAFT_BEFORE_LEADER_SEND("raftBeforeLeaderSend"),
    /** Before the file and the record of a received snapshot are written. */
    RAFT_BEFORE_SAVE_SNAP("raftBeforeSaveSnap"),
    /** After both are written. */
    RAFT_AFTER_SAVE_SNAP("raftAfterSaveSnap"),
    /** Before entries and votes are appended and synced. */
    RAFT_BEFORE_SAVE("raftBeforeSave"),
    /** After they are synced. */
    RAFT_AFTER_SAVE("raftAfterSave"),
    /** Before a received snapshot replaces the log in memory. */
    RAFT_BEFORE_APPLY_SNAP("raftBeforeApplySnap"),
    /** After it did. */
    RAFT_AFTER_APPLY_SNAP("raftAfterApplySnap"),
    /** After the log has let go of the segments that a snapshot covers. */
    RAFT_AFTER_WAL_RELEASE("raftAfterWALRelease"),
    /** A member that does not lead, before it sends what had to wait until it was durable. */
    RAFT_BEFORE_FOLLOWER_SEND("raftBeforeFollowerSend"),
    /** Before the core is told that a part of a Ready is done. */
    RAFT_BEFORE_ADVANCE("raftBeforeAdvance"),
    /** Between the file and the record of any snapshot. The name is etcd's. */
    RAFT_BEFORE_WAL_SAVE_SNAPHOT("raftBeforeWALSaveSnaphot"),
    /** Returns: what comes on a stream of a peer is dropped. */
    RAFT_DROP_HEARTBEAT("raftDropHeartbeat"),
    /** Before the log is synced. */
    WAL_BEFORE_SYNC("walBeforeSync"),
    /** After it. */
    WAL_AFTER_SYNC("walAfterSync"),
    /** Before the flusher begins a transaction. */
    BEFORE_START_DB_TXN("beforeStartDBTxn"),
    /** After it began. */
    AFTER_START_DB_TXN("afterStartDBTxn"),
    /** Before the flusher's transaction commits. */
    BEFORE_COMMIT("beforeCommit"),
    /** After it did. */
    AFTER_COMMIT("afterCommit"),
    /** Before the applied index is put into the transaction. */
    COMMIT_BEFORE_PRE_COMMIT_HOOK("commitBeforePreCommitHook"),
    /** After that. */
    COMMIT_AFTER_PRE_COMMIT_HOOK("commitAfterPreCommitHook"),
    /** Before a revision becomes visible to readers. */
    BEFORE_WRITEBACK_BUF("beforeWritebackBuf"),
    /** After it did. */
    AFTER_WRITEBACK_BUF("afterWritebackBuf"),
    /** Before a received store takes the place of the own one. */
    APPLY_BEFORE_OPEN_SNAPSHOT("applyBeforeOpenSnapshot"),
    /** After it did, and before anything is restored from it. */
    APPLY_AFTER_OPEN_SNAPSHOT("applyAfterOpenSnapshot"),
    /** Before a change of members is applied. */
    BEFORE_APPLY_ONE_CONF_CHANGE("beforeApplyOneConfChange"),
    /** Before any other entry is applied. */
    BEFORE_APPLY_ONE_ENTRY_NORMAL("beforeApplyOneEntryNormal"),
    /** A call came in, and it was looked up what kind of member this is. */
    AFTER_IS_MEMBER_EXIST("afterIsMemberExist"),
    /** Before the member tells the cluster of itself. */
    BEFORE_PUBLISHING("beforePublishing"),
    /** Before the transaction commits that stores the revision to compact to. */
    COMPACT_BEFORE_COMMIT_SCHEDULED_COMPACT("compactBeforeCommitScheduledCompact"),
    /** After it did. */
    COMPACT_AFTER_COMMIT_SCHEDULED_COMPACT("compactAfterCommitScheduledCompact"),
    /** At the start of a batch of a compaction. */
    COMPACT_AFTER_ACQUIRED_BATCH_TX_LOCK("compactAfterAcquiredBatchTxLock"),
    /** Before a batch is committed. */
    COMPACT_BEFORE_COMMIT_BATCH("compactBeforeCommitBatch"),
    /** After it was. */
    COMPACT_AFTER_COMMIT_BATCH("compactAfterCommitBatch"),
    /** Before the compaction is noted as finished. */
    COMPACT_BEFORE_SET_FINISHED_COMPACT("compactBeforeSetFinishedCompact"),
    /** After that is durable. */
    COMPACT_AFTER_SET_FINISHED_COMPACT("compactAfterSetFinishedCompact"),
    /** Defragmentation, before the copy is made. */
    DEFRAG_BEFORE_COPY("defragBeforeCopy"),
    /** Defragmentation, before the copy takes the store's place. */
    DEFRAG_BEFORE_RENAME("defragBeforeRename"),
    /** Fails: the place for the copy cannot be opened, for the given reason. */
    DEFRAG_OPEN_FILE_ERROR("defragOpenFileError"),
    /** Fails: the copy cannot be made, for the given reason. */
    DEFRAGDB_FAIL("defragdbFail"),
    /** Before each chunk of a {@code RangeStream} is read. */
    BEFORE_RANGE_STREAM_CHUNK("beforeRangeStreamChunk"),
    /** Before events are sent to a watcher. */
    BEFORE_SEND_WATCH_RESPONSE("beforeSendWatchResponse"),
    /** The lessor that measures time renews a living lease, before it looks whether a checkpoint has to be erased. */
    BEFORE_CHECKPOINT_IN_LEASE_RENEW("beforeCheckpointInLeaseRenew"),
    /** Before this member looks up how long a lease will live. */
    BEFORE_LOOKUP_WHEN_LEASE_TIME_TO_LIVE("beforeLookupWhenLeaseTimeToLive"),
    /** The same, when another member has asked. */
    BEFORE_LOOKUP_WHEN_FORWARD_LEASE_TIME_TO_LIVE("beforeLookupWhenForwardLeaseTimeToLive"),
    /** Before a lease is renewed because another member has asked for it. */
    BEFORE_SERVE_HTTP_LEASE_RENEW("beforeServeHTTPLeaseRenew");

    private static final Map<String, FailPoint> BY_NAME = new TreeMap<>();

    static {
        for (FailPoint point : values()) {
            BY_NAME.put(point.etcdName, point);
        }
    }

    private final String etcdName;

    /** What the place does when it is passed; null for nothing. */
    private volatile @Nullable Terms terms;

    FailPoint(String etcdName) {
        this.etcdName = etcdName;
    }

    /** The name by which the place is controlled. */
    public String etcdName() {
        return etcdName;
    }

    /** Passes the place: it may take time, and may not come back. */
    public void hit() {
        if (FailPoints.ON) {
            pass();
        }
    }

    /** Passes the place; true when the code there has to take the other way. */
    public boolean returns() {
        return FailPoints.ON && Argument.NONE.equals(pass());
    }

    /** Passes the place; throws what is made of the text of a {@code return("text")} term, if it has one. */
    public <X extends Exception> void fail(Function<String, X> failure) throws X {
        if (FailPoints.ON) {
            Argument argument = pass();
            if (argument != null && argument.kind() == Argument.Kind.TEXT) {
                throw failure.apply(argument.text());
            }
        }
    }

    /** Does what the terms say; the argument of a return term, null when there is none to obey. */
    @Nullable
    Argument pass() {
        Terms current = terms;
        Terms.Term term = current == null ? null : current.next();
        return term == null ? null : Actions.perform(term, etcdName);
    }

    /** The place under a name; null when there is none. */
    static @Nullable FailPoint named(String name) {
        return BY_NAME.get(name);
    }

    /** All places in the order of their names. */
    static Iterable<FailPoint> inOrder() {
        return BY_NAME.values();
    }

    @Nullable
    Terms terms() {
        return terms;
    }

    void set(@Nullable Terms newTerms) {
        terms = newTerms;
    }
}
