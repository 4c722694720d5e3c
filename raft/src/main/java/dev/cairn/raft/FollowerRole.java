package dev.cairn.raft;

import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;

/**
 * Takes the log from the leader, and passes to it what clients ask for. Has no data of its own: the leader it follows is
 * known to the machine.
 */
final class FollowerRole implements Role {
    @Override
    public RaftRole kind() {
        return RaftRole.FOLLOWER;
    }

    @Override
    public void tick(RaftMachine machine) {
        machine.tickElection();
    }

    @Override
    public StepOutcome step(RaftMachine machine, Message message) {
        return switch (message.type()) {
            case PROP -> forwardProposal(machine, message);
            case APP -> {
                machine.heardFromLeader(message.from());
                handleAppend(machine, message);
                yield StepOutcome.ACCEPTED;
            }
            case HEARTBEAT -> {
                machine.heardFromLeader(message.from());
                handleHeartbeat(machine, message);
                yield StepOutcome.ACCEPTED;
            }
            case SNAP -> {
                machine.heardFromLeader(message.from());
                handleSnapshot(machine, message);
                yield StepOutcome.ACCEPTED;
            }
            case TRANSFER_LEADER -> {
                if (machine.leader() == Message.NONE) {
                    machine.narrator().noLeaderForTransfer(machine.term());
                } else {
                    forward(machine, message, machine.term());
                }
                yield StepOutcome.ACCEPTED;
            }
            case FORGET_LEADER -> {
                forgetLeader(machine);
                yield StepOutcome.ACCEPTED;
            }
            case TIMEOUT_NOW -> {
                machine.narrator().timeoutNow(machine.term(), message.from());
                // Not a pre-vote even if those are on: the leader wants this node to win, and nobody needs protection.
                machine.campaignIfPossible(CampaignKind.TRANSFER);
                yield StepOutcome.ACCEPTED;
            }
            case READ_INDEX -> {
                if (machine.leader() == Message.NONE) {
                    machine.narrator().noLeaderForRead(machine.term());
                } else {
                    forward(machine, message, 0);
                }
                yield StepOutcome.ACCEPTED;
            }
            case READ_INDEX_RESP -> {
                if (message.entries().size() == 1) {
                    machine.grantRead(message.index(), message.entries().get(0).data());
                } else {
                    machine.narrator().malformedReadIndexResponse(message);
                }
                yield StepOutcome.ACCEPTED;
            }
            case HUP,
                    BEAT,
                    APP_RESP,
                    VOTE,
                    VOTE_RESP,
                    HEARTBEAT_RESP,
                    UNREACHABLE,
                    SNAP_STATUS,
                    CHECK_QUORUM,
                    PRE_VOTE,
                    PRE_VOTE_RESP,
                    STORAGE_APPEND,
                    STORAGE_APPEND_RESP,
                    STORAGE_APPLY,
                    STORAGE_APPLY_RESP -> StepOutcome.ACCEPTED;
        };
    }

    private static StepOutcome forwardProposal(RaftMachine machine, Message message) {
        if (machine.leader() == Message.NONE) {
            machine.narrator().noLeaderForProposal(machine.term());
            return StepOutcome.PROPOSAL_DROPPED;
        }
        if (machine.config().disableProposalForwarding()) {
            machine.narrator().proposalNotForwarded(machine.leader(), machine.term());
            return StepOutcome.PROPOSAL_DROPPED;
        }
        forward(machine, message, 0);
        return StepOutcome.ACCEPTED;
    }

    /** Passes a request to the leader. Whoever made it stays the sender, so that the answer finds its way. */
    private static void forward(RaftMachine machine, Message message, long term) {
        long from = message.from() == Message.NONE ? machine.id() : message.from();
        machine.outbox()
                .add(message.toBuilder()
                        .to(machine.leader())
                        .from(from)
                        .term(term)
                        .build());
    }

    private static void forgetLeader(RaftMachine machine) {
        if (machine.config().readOnlyOption() == ReadOnlyOption.LEASE_BASED) {
            machine.narrator().keepsLeaderForLease();
        } else if (machine.leader() != Message.NONE) {
            machine.narrator().forgetsLeader(machine.leader(), machine.term());
            machine.forgetLeader();
        }
    }

    private static void handleAppend(RaftMachine machine, Message append) {
        RaftLog log = machine.log();
        Message.Builder answer = machine.answer(MessageType.APP_RESP, append);
        if (append.index() < log.committed()) {
            // An old message. What is committed here agrees with every leader, so that is the better answer.
            machine.outbox().add(answer.index(log.committed()).build());
            return;
        }
        if (log.maybeAppend(append.logTerm(), append.index(), append.entries(), append.commit())) {
            long last = append.index() + append.entries().size();
            machine.outbox().add(answer.index(last).build());
            return;
        }
        machine.narrator().appendRejected(append, log.termOrZero(append.index()));
        // The leader has an entry of term logTerm at this index. Below it, the leader's terms cannot be higher; so
        // entries of a higher term here cannot agree, and the hint may skip a whole term in one round.
        LogPosition hint = log.findConflictByTerm(Math.min(append.index(), log.lastIndex()), append.logTerm());
        machine.outbox()
                .add(answer.log(hint.term(), append.index())
                        .reject(true)
                        .rejectHint(hint.index())
                        .build());
    }

    private static void handleHeartbeat(RaftMachine machine, Message heartbeat) {
        machine.log().commitTo(heartbeat.commit());
        machine.outbox()
                .add(machine.answer(MessageType.HEARTBEAT_RESP, heartbeat)
                        .context(heartbeat.context())
                        .build());
    }

    private static void handleSnapshot(RaftMachine machine, Message message) {
        Snapshot given = message.snapshot();
        Snapshot snapshot = given == null ? Snapshot.EMPTY : given;
        RaftLog log = machine.log();
        Message.Builder answer = machine.answer(MessageType.APP_RESP, message);
        if (restore(machine, snapshot)) {
            machine.narrator().snapshotRestored(log.committed(), snapshot.metadata());
            machine.outbox().add(answer.index(log.lastIndex()).build());
        } else {
            machine.narrator().snapshotIgnored(log.committed(), snapshot.metadata());
            machine.outbox().add(answer.index(log.committed()).build());
        }
    }

    /** Whether the snapshot has replaced the log. It is not taken if the log has all of it, or if it is not meant for us. */
    private static boolean restore(RaftMachine machine, Snapshot snapshot) {
        RaftLog log = machine.log();
        SnapshotMetadata metadata = snapshot.metadata();
        if (metadata.index() <= log.committed()) {
            return false;
        }
        ConfState members = metadata.confState();
        boolean mentioned = members.voters().contains(machine.id())
                || members.learners().contains(machine.id())
                || members.votersOutgoing().contains(machine.id());
        if (!mentioned) {
            machine.narrator().snapshotWithoutMe(members);
            return false;
        }
        if (log.matches(metadata.term(), metadata.index())) {
            log.commitTo(metadata.index());
            machine.narrator().logFastForwarded(log.committed(), log.last(), metadata);
            return false;
        }
        log.restore(snapshot);
        machine.restoreConfiguration(members);
        machine.narrator().logRestored(log.committed(), log.last(), metadata);
        return true;
    }
}
