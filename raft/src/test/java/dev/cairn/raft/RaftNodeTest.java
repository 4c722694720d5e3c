package dev.cairn.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** The contract of the entrance: what scenarios and simulation do not look at. */
class RaftNodeTest {
    private final MemoryRaftStorage storage = new MemoryRaftStorage();

    private static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }

    private RaftConfig.Builder config(long... voters) {
        if (storage.lastIndex() == 0) {
            SnapshotMetadata start = new SnapshotMetadata(ConfState.ofVoters(voters), 1, 1);
            storage.applySnapshot(new Snapshot(ByteString.EMPTY, start));
        }
        return RaftConfig.builder().id(1).storage(storage).randomBelow(bound -> 0);
    }

    /** Works off everything, synchronously. Returns what was applied. */
    private List<Entry> drain(RaftNode node) {
        List<Entry> applied = new ArrayList<>();
        while (node.hasReady()) {
            Ready ready = node.ready();
            storage.append(ready.entries());
            if (!ready.hardState().isEmpty()) {
                storage.setHardState(ready.hardState());
            }
            applied.addAll(ready.committedEntries());
            node.advance();
        }
        return applied;
    }

    @Test
    void shouldElectASingleVoterByTicks() {
        RaftNode node = new RaftNode(config(1).electionTicks(5).build());
        for (int i = 0; i < 4; i++) {
            node.tick();
            assertThat(node.hasReady()).isFalse();
        }
        node.tick();
        drain(node);
        assertThat(node.status().softState()).isEqualTo(new SoftState(1, RaftRole.LEADER));
    }

    @Test
    void shouldCommitABatchOfASingleVoterWithTwoReadies() {
        RaftNode node = new RaftNode(config(1).build());
        node.campaign();
        drain(node);
        List<ByteString> batch = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            batch.add(bytes("proposal " + i));
        }
        assertThat(node.propose(batch)).isEqualTo(StepOutcome.ACCEPTED);

        Ready append = node.ready();
        assertThat(append.entries()).hasSize(10_000);
        assertThat(append.mustSync()).isTrue();
        assertThat(append.committedEntries()).isEmpty();
        storage.append(append.entries());
        node.advance();

        Ready apply = node.ready();
        assertThat(apply.committedEntries()).isEqualTo(append.entries());
        assertThat(apply.entries()).isEmpty();
        assertThat(apply.mustSync()).isFalse();
        node.advance();
        assertThat(node.hasReady()).isFalse();
        assertThat(node.status().applied()).isEqualTo(storage.lastIndex());
    }

    @Test
    void shouldRefuseWhatDoesNotBelongHere() {
        RaftNode node = new RaftNode(config(1, 2).build());
        for (MessageType type : MessageType.values()) {
            Message fromStranger = Message.builder(type).to(1).from(9).build();
            StepOutcome outcome = node.step(fromStranger);
            if (type.isLocal()) {
                assertThat(outcome).as(type.wireName()).isEqualTo(StepOutcome.LOCAL_MESSAGE_REFUSED);
            } else if (type.isResponse()) {
                assertThat(outcome).as(type.wireName()).isEqualTo(StepOutcome.PEER_NOT_FOUND);
            }
        }
        assertThat(node.propose(bytes("x"))).isEqualTo(StepOutcome.PROPOSAL_DROPPED);
    }

    @Test
    void shouldDropProposalsThatCannotBeRead() {
        RaftNode node = new RaftNode(config(1).build());
        node.campaign();
        drain(node);
        Message damaged = Message.builder(MessageType.PROP)
                .from(1)
                .entries(List.of(new Entry(0, 0, EntryType.CONF_CHANGE, bytes("\u0008"))))
                .build();
        assertThat(node.step(damaged)).isEqualTo(StepOutcome.PROPOSAL_DROPPED);
        assertThat(node.step(Message.builder(MessageType.PROP).from(1).build()))
                .isEqualTo(StepOutcome.PROPOSAL_DROPPED);
        assertThat(node.hasReady()).isFalse();
    }

    @Test
    void shouldInsistOnTheOrderOfCalls() {
        RaftNode synchronous = new RaftNode(config(1).build());
        synchronous.campaign();
        Ready ready = synchronous.ready();
        assertThat(ready.softState()).isEqualTo(new SoftState(0, RaftRole.PRE_CANDIDATE));
        assertThatIllegalStateException().isThrownBy(synchronous::ready);

        RaftNode asynchronous = new RaftNode(config(1).asyncStorageWrites(true).build());
        assertThatIllegalStateException().isThrownBy(asynchronous::advance);
    }

    @Test
    void shouldStartWhereItEnded() {
        RaftNode first = new RaftNode(config(1).build());
        first.campaign();
        drain(first);
        assertThat(first.propose(bytes("a"))).isEqualTo(StepOutcome.ACCEPTED);
        assertThat(drain(first)).hasSize(1);
        HardState before = first.status().hardState();

        RaftNode all = new RaftNode(config(1).build());
        assertThat(all.status().hardState()).isEqualTo(before);
        assertThat(drain(all)).extracting(Entry::data).containsExactly(ByteString.EMPTY, bytes("a"));

        RaftNode rest = new RaftNode(config(1).applied(before.commit()).build());
        assertThat(drain(rest)).isEmpty();
    }

    @Test
    void shouldTakeWhatIsAppliedAsCommitted() {
        storage.applySnapshot(new Snapshot(ByteString.EMPTY, new SnapshotMetadata(ConfState.ofVoters(1), 1, 1)));
        storage.append(List.of(new Entry(2, 2, EntryType.NORMAL, bytes("a"))));
        storage.setHardState(new HardState(2, 1, 1));
        RaftNode node = new RaftNode(config(1).applied(2).build());
        assertThat(node.status().hardState().commit()).isEqualTo(2);
        assertThatThrownBy(() -> new RaftNode(config(1).applied(3).build()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("applied 3");
    }

    @Test
    void shouldRefuseAConfigurationThatCannotWork() {
        assertThatIllegalArgumentException().isThrownBy(() -> config(1).id(0).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config(1).id(Message.LOCAL_APPEND_THREAD).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config(1).electionTicks(1).heartbeatTicks(1).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config(1).maxInflightMessages(0).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        config(1).maxSizePerMessage(10).maxInflightBytes(9).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config(1)
                        .checkQuorum(false)
                        .readOnlyOption(ReadOnlyOption.LEASE_BASED)
                        .build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RaftConfig.builder().id(1).build());
    }

    @Test
    void shouldNotLeadATermBeforeItIsWritten() {
        RaftNode node = new RaftNode(
                config(1, 2, 3).preVote(false).asyncStorageWrites(true).build());
        node.campaign();
        Ready asks = node.ready();
        assertThat(asks.messages()).extracting(Message::type).containsExactly(MessageType.VOTE, MessageType.VOTE);
        long term = asks.hardState().term();

        for (long voter : new long[] {2, 3}) {
            Message vote = Message.builder(MessageType.VOTE_RESP)
                    .from(voter)
                    .to(1)
                    .term(term)
                    .build();
            assertThat(node.step(vote)).isEqualTo(StepOutcome.ACCEPTED);
        }
        // The others are a quorum. But if it led now and lost the term with its power, it could win the same term once
        // more.
        assertThat(node.status().softState().role()).isEqualTo(RaftRole.CANDIDATE);

        Objects.requireNonNull(asks.storageAppend()).responses().forEach(node::step);
        assertThat(node.status().softState()).isEqualTo(new SoftState(1, RaftRole.LEADER));
    }
}
