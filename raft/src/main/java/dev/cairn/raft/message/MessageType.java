package dev.cairn.raft.message;

/**
 * What a {@link Message} says. Numbers and names are etcd's.
 *
 * <p>A <em>local</em> type never crosses the network. A <em>response</em> answers a request of another node and is
 * refused from nodes that are not in the configuration.
 */
public enum MessageType {
    /** The election timeout has passed: campaign. */
    HUP(0, "MsgHup", true, false),
    /** The heartbeat timeout has passed: send heartbeats. */
    BEAT(1, "MsgBeat", true, false),
    /** Entries to append; a follower forwards them to its leader. */
    PROP(2, "MsgProp", false, false),
    /** Entries from the leader, following a known place of the log. */
    APP(3, "MsgApp", false, false),
    /** How far the log of a follower agrees with the leader's, or where it does not. */
    APP_RESP(4, "MsgAppResp", false, true),
    /** A candidate asks for a vote. */
    VOTE(5, "MsgVote", false, false),
    /** The vote, or its refusal. */
    VOTE_RESP(6, "MsgVoteResp", false, true),
    /** A snapshot in place of entries that the leader no longer has. */
    SNAP(7, "MsgSnap", false, false),
    /** The leader is alive; carries a commit index that is safe for the receiver. */
    HEARTBEAT(8, "MsgHeartbeat", false, false),
    /** The answer to a heartbeat; echoes the context of a pending read. */
    HEARTBEAT_RESP(9, "MsgHeartbeatResp", false, true),
    /** The transport could not deliver to a follower. */
    UNREACHABLE(10, "MsgUnreachable", true, true),
    /** The transport has delivered a snapshot, or failed to. */
    SNAP_STATUS(11, "MsgSnapStatus", true, false),
    /** The leader looks whether a quorum still answers. */
    CHECK_QUORUM(12, "MsgCheckQuorum", true, false),
    /** Hand leadership to the sender of this message. */
    TRANSFER_LEADER(13, "MsgTransferLeader", false, false),
    /** The receiver shall campaign at once. */
    TIMEOUT_NOW(14, "MsgTimeoutNow", false, false),
    /** Asks for an index at which a linearizable read may be served. */
    READ_INDEX(15, "MsgReadIndex", false, false),
    /** The answer to a forwarded {@link #READ_INDEX}. */
    READ_INDEX_RESP(16, "MsgReadIndexResp", false, true),
    /** Asks whether a vote would be given, without disturbing anybody's term. */
    PRE_VOTE(17, "MsgPreVote", false, false),
    /** The answer to {@link #PRE_VOTE}. */
    PRE_VOTE_RESP(18, "MsgPreVoteResp", false, true),
    /** To the local log: make hard state, entries and snapshot durable, then deliver the attached responses. */
    STORAGE_APPEND(19, "MsgStorageAppend", true, false),
    /** From the local log: entries up to an index, or a snapshot, are durable. */
    STORAGE_APPEND_RESP(20, "MsgStorageAppendResp", true, true),
    /** To the local state machine: apply committed entries, then deliver the attached responses. */
    STORAGE_APPLY(21, "MsgStorageApply", true, false),
    /** From the local state machine: these entries are applied. */
    STORAGE_APPLY_RESP(22, "MsgStorageApplyResp", true, true),
    /** A follower shall forget its leader, so that it may vote for another one at once. */
    FORGET_LEADER(23, "MsgForgetLeader", false, false);

    private static final MessageType[] BY_NUMBER = values();

    private final int number;
    private final String wireName;
    private final boolean local;
    private final boolean response;

    MessageType(int number, String wireName, boolean local, boolean response) {
        this.number = number;
        this.wireName = wireName;
        this.local = local;
        this.response = response;
    }

    /** The number on the wire. */
    public int number() {
        return number;
    }

    /** The name in etcd's log lines and metrics. */
    public String wireName() {
        return wireName;
    }

    /** Whether messages of this type stay on the node. */
    public boolean isLocal() {
        return local;
    }

    /** Whether messages of this type answer a request. */
    public boolean isResponse() {
        return response;
    }

    /**
     * The type with this number.
     *
     * @throws IllegalArgumentException for a number that etcd does not define
     */
    public static MessageType of(int number) {
        if (number < 0 || number >= BY_NUMBER.length) {
            throw new IllegalArgumentException("unknown message type " + number);
        }
        return BY_NUMBER[number];
    }
}
