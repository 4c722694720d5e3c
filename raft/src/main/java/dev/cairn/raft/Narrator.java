package dev.cairn.raft;

import dev.cairn.raft.RaftListener.Level;
import dev.cairn.raft.membership.Configuration;
import dev.cairn.raft.message.ConfChangeSingle;
import dev.cairn.raft.message.ConfChangeV2;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.raft.progress.Progress;

/**
 * Puts what happens in the core into words: one method per fact, one place for all texts.
 *
 * <p>The words are etcd's, because operators and tools search logs for them. Ids print in hexadecimal, everything else
 * in decimal; configurations print as etcd prints them, with decimal ids.
 */
final class Narrator {
    private final String id;
    private final RaftListener listener;

    Narrator(long id, RaftListener listener) {
        this.id = hex(id);
        this.listener = listener;
    }

    private void debug(String text) {
        listener.log(Level.DEBUG, text);
    }

    private void info(String text) {
        listener.log(Level.INFO, text);
    }

    private boolean skips(Level level) {
        return !listener.isEnabled(level);
    }

    private static String hex(long id) {
        return Long.toHexString(id);
    }

    // Roles.

    void started(Configuration configuration, long term, long commit, long applied, long lastIndex, long lastTerm) {
        if (skips(Level.INFO)) {
            return;
        }
        StringBuilder peers = new StringBuilder();
        for (int i = 0; i < configuration.anyVoter().size(); i++) {
            peers.append(i == 0 ? "" : ",").append(hex(configuration.anyVoter().get(i)));
        }
        info("newRaft " + id + " [peers: [" + peers + "], term: " + term + ", commit: " + commit + ", applied: "
                + applied + ", lastindex: " + lastIndex + ", lastterm: " + lastTerm + "]");
    }

    void becameFollower(long term) {
        became("follower", term);
    }

    void becamePreCandidate(long term) {
        became("pre-candidate", term);
    }

    void becameCandidate(long term) {
        became("candidate", term);
    }

    void becameLeader(long term) {
        became("leader", term);
    }

    private void became(String role, long term) {
        if (!skips(Level.INFO)) {
            info(id + " became " + role + " at term " + term);
        }
    }

    void quorumLost() {
        listener.log(Level.WARN, id + " stepped down to follower since quorum is not active");
    }

    void forgetsLeader(long leader, long term) {
        info(id + " forgetting leader " + hex(leader) + " at term " + term);
    }

    void keepsLeaderForLease() {
        listener.log(Level.ERROR, "ignoring MsgForgetLeader due to ReadOnlyLeaseBased");
    }

    // Elections.

    void ignoresHupAsLeader() {
        if (!skips(Level.DEBUG)) {
            debug(id + " ignoring MsgHup because already leader");
        }
    }

    void unpromotable() {
        listener.log(Level.WARN, id + " is unpromotable and can not campaign");
    }

    void confChangesPendingAtCampaign(long term) {
        listener.log(
                Level.WARN,
                id + " cannot campaign at term " + term
                        + " since there are still pending configuration changes to apply");
    }

    void startsElection(long term) {
        info(id + " is starting a new election at term " + term);
    }

    void asksForVote(MessageType type, long peer, long lastTerm, long lastIndex, long term) {
        info(id + " [logterm: " + lastTerm + ", index: " + lastIndex + "] sent " + type.wireName() + " request to "
                + hex(peer) + " at term " + term);
    }

    void votePolled(MessageType type, long voter, boolean granted, long term) {
        info(id + " received " + type.wireName() + (granted ? "" : " rejection") + " from " + hex(voter) + " at term "
                + term);
    }

    void votesCounted(MessageType type, int granted, int rejected) {
        info(id + " has received " + granted + " " + type.wireName() + " votes and " + rejected + " vote rejections");
    }

    void voteIgnoredInLease(Message vote, LogPosition last, long votedFor, long term, int remainingTicks) {
        info(voteLine("ignored", vote, last, votedFor, term) + ": lease is not expired (remaining ticks: "
                + remainingTicks + ")");
    }

    void voteCast(Message vote, LogPosition last, long votedFor, long term) {
        if (!skips(Level.INFO)) {
            info(voteLine("cast", vote, last, votedFor, term));
        }
    }

    void voteRejected(Message vote, LogPosition last, long votedFor, long term) {
        if (!skips(Level.INFO)) {
            info(voteLine("rejected", vote, last, votedFor, term));
        }
    }

    private String voteLine(String verdict, Message vote, LogPosition last, long votedFor, long term) {
        return id + " [logterm: " + last.term() + ", index: " + last.index() + ", vote: " + hex(votedFor) + "] "
                + verdict
                + " " + vote.type().wireName() + ("cast".equals(verdict) ? " for " : " from ") + hex(vote.from())
                + " [logterm: " + vote.logTerm() + ", index: " + vote.index() + "] at term " + term;
    }

    void higherTerm(Message message, long term) {
        if (!skips(Level.INFO)) {
            info(id + " [term: " + term + "] received a " + message.type().wireName()
                    + " message with higher term from " + hex(message.from()) + " [term: " + message.term() + "]");
        }
    }

    void lowerTerm(Message message, long term) {
        if (!skips(Level.INFO)) {
            info(id + " [term: " + term + "] ignored a " + message.type().wireName() + " message with lower term from "
                    + hex(message.from()) + " [term: " + message.term() + "]");
        }
    }

    void staleAppendReport(Message message, long term) {
        info(id + " [term: " + term + "] ignored entry appends from a "
                + message.type().wireName() + " message with lower term [term: " + message.term() + "]");
    }

    // Proposals and membership.

    void noLeaderForProposal(long term) {
        if (!skips(Level.INFO)) {
            info(id + " no leader at term " + term + "; dropping proposal");
        }
    }

    void proposalNotForwarded(long leader, long term) {
        if (!skips(Level.INFO)) {
            info(id + " not forwarding to leader " + hex(leader) + " at term " + term + "; dropping proposal");
        }
    }

    void proposalDuringTransfer(long term, long transferee) {
        if (!skips(Level.DEBUG)) {
            debug(id + " [term " + term + "] transfer leadership to " + hex(transferee)
                    + " is in progress; dropping proposal");
        }
    }

    void tooMuchUncommitted() {
        listener.log(
                Level.WARN,
                id + " appending new entries to log would exceed uncommitted entry size limit; dropping proposal");
    }

    void malformedConfChange(String reason) {
        listener.log(Level.WARN, id + " dropping proposal with a malformed conf change: " + reason);
    }

    void ignoresConfChange(ConfChangeV2 change, Configuration configuration, String reason) {
        if (skips(Level.INFO)) {
            return;
        }
        StringBuilder text = new StringBuilder(id).append(" ignoring conf change transition:");
        text.append(change.transition().wireName());
        for (ConfChangeSingle single : change.changes()) {
            text.append(" changes:{type:")
                    .append(single.type().wireName())
                    .append(" node_id:")
                    .append(Long.toUnsignedString(single.nodeId()))
                    .append('}');
        }
        info(text + " at config " + configuration + ": " + reason);
    }

    void switchedTo(Configuration configuration) {
        info(id + " switched to configuration " + configuration);
    }

    void leavesJoint(Configuration configuration) {
        info("initiating automatic transition out of joint configuration " + configuration);
    }

    void doesNotLeaveJoint(Configuration configuration) {
        if (!skips(Level.DEBUG)) {
            debug("not initiating automatic transition out of joint configuration " + configuration
                    + ": raft proposal dropped");
        }
    }

    // The log.

    void conflictFound(long index, long existingTerm, long conflictingTerm) {
        info("found conflict at index " + index + " [existing term: " + existingTerm + ", conflicting term: "
                + conflictingTerm + "]");
    }

    void replacesUnstable(long index) {
        info("replace the unstable entries from index " + index);
    }

    void truncatesUnstable(long index) {
        info("truncate the unstable entries before index " + index);
    }

    void stableEntryMissing(long index) {
        if (listener.isRoutineEnabled()) {
            info("entry at index " + index + " missing from unstable log; ignoring");
        }
    }

    void stableEntryIsSnapshot(long index) {
        info("entry at index " + index + " matched unstable snapshot; ignoring");
    }

    void stableEntryReplaced(long index, long stableTerm, long heldTerm) {
        info("entry at (index,term)=(" + index + "," + stableTerm + ") mismatched with entry at (" + index + ","
                + heldTerm + ") in unstable log; ignoring");
    }

    void startsRestore(RaftLog log, SnapshotMetadata snapshot) {
        info("log [" + log + "] starts to restore snapshot " + place(snapshot));
    }

    // Following.

    void appendRejected(Message append, long termThere) {
        if (!skips(Level.DEBUG)) {
            debug(id + " [logterm: " + termThere + ", index: " + append.index() + "] rejected MsgApp [logterm: "
                    + append.logTerm() + ", index: " + append.index() + "] from " + hex(append.from()));
        }
    }

    void logRestored(long commit, LogPosition last, SnapshotMetadata snapshot) {
        info(id + " [commit: " + commit + ", lastindex: " + last.index() + ", lastterm: " + last.term()
                + "] restored snapshot " + place(snapshot));
    }

    void logFastForwarded(long commit, LogPosition last, SnapshotMetadata snapshot) {
        info(id + " [commit: " + commit + ", lastindex: " + last.index() + ", lastterm: " + last.term()
                + "] fast-forwarded commit to snapshot " + place(snapshot));
    }

    void snapshotRestored(long commit, SnapshotMetadata snapshot) {
        info(id + " [commit: " + commit + "] restored snapshot " + place(snapshot));
    }

    void snapshotIgnored(long commit, SnapshotMetadata snapshot) {
        info(id + " [commit: " + commit + "] ignored snapshot " + place(snapshot));
    }

    void snapshotWithoutMe(ConfState state) {
        listener.log(
                Level.WARN,
                id + " attempted to restore snapshot but it is not in the ConfState " + Configuration.of(state)
                        + "; should never happen");
    }

    private static String place(SnapshotMetadata snapshot) {
        return "[index: " + snapshot.index() + ", term: " + snapshot.term() + "]";
    }

    void timeoutNow(long term, long from) {
        info(id + " [term " + term + "] received MsgTimeoutNow from " + hex(from)
                + " and starts an election to get leadership.");
    }

    void timeoutNowIgnored(long term, RaftRole role, long from) {
        if (!skips(Level.DEBUG)) {
            debug(id + " [term " + term + " state " + role.wireName() + "] ignored MsgTimeoutNow from " + hex(from));
        }
    }

    void noLeaderForTransfer(long term) {
        info(id + " no leader at term " + term + "; dropping leader transfer msg");
    }

    void noLeaderForRead(long term) {
        if (!skips(Level.INFO)) {
            info(id + " no leader at term " + term + "; dropping index reading msg");
        }
    }

    void malformedReadIndexResponse(Message message) {
        listener.log(
                Level.ERROR,
                id + " invalid format of MsgReadIndexResp from " + hex(message.from()) + ", entries count: "
                        + message.entries().size());
    }

    void malformedReadIndex(Message message) {
        listener.log(
                Level.ERROR,
                id + " invalid format of MsgReadIndex from " + hex(message.from()) + ", entries count: "
                        + message.entries().size());
    }

    // Leading.

    void noProgress(long peer) {
        if (!skips(Level.DEBUG)) {
            debug(id + " no progress available for " + hex(peer));
        }
    }

    void appendRefused(Message response) {
        if (!skips(Level.DEBUG)) {
            debug(id + " received MsgAppResp(rejected, hint: (index " + response.rejectHint() + ", term "
                    + response.logTerm() + ")) from " + hex(response.from()) + " for index " + response.index());
        }
    }

    void progressDecreased(long peer, Progress progress) {
        if (!skips(Level.DEBUG)) {
            debug(id + " decreased progress of " + hex(peer) + " to [" + PeerProgress.of(progress) + "]");
        }
    }

    void snapshotToInactive(long peer) {
        if (!skips(Level.DEBUG)) {
            debug("ignore sending snapshot to " + hex(peer) + " since it is not recently active");
        }
    }

    void snapshotUnavailable(long peer) {
        if (!skips(Level.DEBUG)) {
            debug(id + " failed to send snapshot to " + hex(peer) + " because snapshot is temporarily unavailable");
        }
    }

    void snapshotSent(long peer, long firstIndex, long commit, SnapshotMetadata snapshot, Progress progress) {
        if (!skips(Level.DEBUG)) {
            debug(id + " [firstindex: " + firstIndex + ", commit: " + commit + "] sent snapshot" + place(snapshot)
                    + " to " + hex(peer) + " [" + PeerProgress.of(progress) + "]");
        }
    }

    void replicationPaused(long peer, Progress progress) {
        if (!skips(Level.DEBUG)) {
            debug(id + " paused sending replication messages to " + hex(peer) + " [" + PeerProgress.of(progress) + "]");
        }
    }

    void snapshotOvertaken(long peer, Progress progress) {
        resumed("recovered from needing snapshot", peer, progress);
    }

    void snapshotSucceeded(long peer, Progress progress) {
        resumed("snapshot succeeded", peer, progress);
    }

    void snapshotFailed(long peer, Progress progress) {
        resumed("snapshot failed", peer, progress);
    }

    private void resumed(String reason, long peer, Progress progress) {
        if (!skips(Level.DEBUG)) {
            debug(id + " " + reason + ", resumed sending replication messages to " + hex(peer) + " ["
                    + PeerProgress.of(progress) + "]");
        }
    }

    void unreachable(long peer, Progress progress) {
        if (!skips(Level.DEBUG)) {
            debug(id + " failed to send message to " + hex(peer) + " because it is unreachable ["
                    + PeerProgress.of(progress) + "]");
        }
    }

    void readsFull() {
        listener.log(Level.WARN, id + " has too many reads waiting; dropping index reading msg");
    }

    // Handing leadership over.

    void transferToLearner(long peer) {
        if (!skips(Level.DEBUG)) {
            debug(hex(peer) + " is learner. Ignored transferring leadership");
        }
    }

    void transferAlreadyRunning(long term, long peer) {
        info(id + " [term " + term + "] transfer leadership to " + hex(peer)
                + " is in progress, ignores request to same node " + hex(peer));
    }

    void transferAborted(long term, long previous) {
        info(id + " [term " + term + "] abort previous transferring leadership to " + hex(previous));
    }

    void transferToSelf() {
        if (!skips(Level.DEBUG)) {
            debug(id + " is already leader. Ignored transferring leadership to self");
        }
    }

    void transferStarts(long term, long peer) {
        info(id + " [term " + term + "] starts to transfer leadership to " + hex(peer));
    }

    void transferImmediate(long peer) {
        info(id + " sends MsgTimeoutNow to " + hex(peer) + " immediately as " + hex(peer)
                + " already has up-to-date log");
    }

    void transferAfterCatchUp(long peer) {
        info(id + " sent MsgTimeoutNow to " + hex(peer) + " after received MsgAppResp");
    }
}
