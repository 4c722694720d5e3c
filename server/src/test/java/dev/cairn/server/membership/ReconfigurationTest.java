package dev.cairn.server.membership;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.raft.PeerProgress;
import dev.cairn.raft.RaftRole;
import dev.cairn.raft.RaftStatus;
import dev.cairn.raft.SoftState;
import dev.cairn.raft.message.ConfChangeType;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.HardState;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Goal: what is checked before a change goes into the log. Method: a Raft group that only notes what it is asked for. */
class ReconfigurationTest {
    private static final long SELF = 1;
    private static final long LEARNER = 2;

    private final List<String> proposed = new ArrayList<>();
    private final List<EtcdError> errors = new ArrayList<>();
    private final List<@Nullable EtcdError> promotions = new ArrayList<>();
    private SortedMap<Long, PeerProgress> progress = new TreeMap<>();
    private MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
    private Cluster cluster = new Cluster(new Identity(9, SELF), store);

    @BeforeEach
    void found() {
        cluster.add(new Member(SELF, List.of("http://h:1"), false, "self", List.of()));
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void shouldDeriveTheIdFromSortedUrlsAndTheSecond() {
        reconfiguration(true).add(List.of("http://h:3", " http://h:2 "), false, new Outcome<>());

        // SHA-1 of "http://h:2http://h:31700000000".
        long id = Identity.memberId(List.of("http://h:2", "http://h:3"), "1700000000");
        assertThat(proposed)
                .containsExactly("ADD_NODE " + Identity.hex(id) + " {\"id\":" + Long.toUnsignedString(id)
                        + ",\"peerURLs\":[\"http://h:2\",\"http://h:3\"]}");
    }

    @Test
    void shouldKeepUpdatedUrlsAsTheyAreGiven() {
        reconfiguration(true).update(SELF, List.of("http://h:5", "http://h:4"), new Outcome<>());

        assertThat(proposed).containsExactly("UPDATE_NODE 1 {\"id\":1,\"peerURLs\":[\"http://h:5\",\"http://h:4\"]}");
    }

    @Test
    void shouldRefuseBadUrlsBeforeTheLog() {
        Reconfiguration changes = reconfiguration(true);
        changes.add(List.of(), true, new Outcome<>());
        changes.add(List.of("http://h:1/p"), true, new Outcome<>());
        changes.update(SELF, List.of(), new Outcome<>());
        changes.update(LEARNER, List.of("x"), new Outcome<>());

        assertThat(proposed).isEmpty();
        assertThat(errors)
                .containsExactly(
                        EtcdError.MEMBER_BAD_URLS,
                        EtcdError.MEMBER_BAD_URLS,
                        EtcdError.MEMBER_BAD_URLS,
                        EtcdError.MEMBER_NOT_FOUND);
    }

    @Test
    void shouldPromoteOnlyALearnerThatHasNineTenthsOfTheLog() {
        cluster.add(new Member(LEARNER, List.of("http://h:2"), true, "", List.of()));
        Reconfiguration changes = reconfiguration(true);
        progress = matches(100, 89);
        changes.promote(LEARNER, new Outcome<>());
        progress = matches(100, 90);
        changes.promote(LEARNER, new Outcome<>());
        changes.promote(77, new Outcome<>());
        progress = new TreeMap<>();
        changes.promote(LEARNER, new Outcome<>());

        assertThat(proposed).containsExactly("ADD_NODE 2 {\"id\":2,\"peerURLs\":null,\"isPromote\":true}");
        assertThat(errors)
                .containsExactly(EtcdError.LEARNER_NOT_READY, EtcdError.MEMBER_NOT_FOUND, EtcdError.NO_LEADER);
        assertThat(promotions)
                .containsExactly(EtcdError.LEARNER_NOT_READY, null, EtcdError.MEMBER_NOT_FOUND, EtcdError.NO_LEADER);
    }

    @Test
    void shouldCheckTheQuorumOnlyWhenStrict() {
        reconfiguration(true).remove(SELF, new Outcome<>());
        assertThat(errors).containsExactly(EtcdError.MEMBER_NOT_ENOUGH_STARTED);
        assertThat(proposed).isEmpty();

        reconfiguration(false).remove(SELF, new Outcome<>());
        assertThat(proposed).containsExactly("REMOVE_NODE 1 ");
    }

    private Reconfiguration reconfiguration(boolean strict) {
        Clock clock = Clock.fixed(Instant.ofEpochSecond(1_700_000_000), ZoneOffset.UTC);
        return new Reconfiguration(cluster, new Noting(), strict, PeerActivity.NONE, clock, promotions::add);
    }

    private static SortedMap<Long, PeerProgress> matches(long own, long learner) {
        SortedMap<Long, PeerProgress> all = new TreeMap<>();
        all.put(SELF, new PeerProgress(PeerProgress.State.REPLICATE, own, own + 1, false, false, true, 0, 0, false));
        all.put(
                LEARNER,
                new PeerProgress(PeerProgress.State.PROBE, learner, learner + 1, true, false, true, 0, 0, false));
        return all;
    }

    private final class Noting implements RaftGroup {
        @Override
        public void change(
                ConfChangeType type, long memberId, ByteString context, Completion<Cluster.View> completion) {
            proposed.add(type + " " + Identity.hex(memberId) + " " + context.toStringUtf8());
            completion.complete(cluster.view());
        }

        @Override
        public void look(Completion<RaftStatus> completion) {
            completion.complete(new RaftStatus(
                    SELF,
                    HardState.EMPTY,
                    new SoftState(SELF, RaftRole.LEADER),
                    0,
                    ConfState.ofVoters(SELF),
                    progress,
                    0));
        }

        @Override
        public void transferLeadership(long toMember, Completion<Long> completion) {
            completion.complete(toMember);
        }
    }

    private final class Outcome<T> implements Completion<T> {
        @Override
        public void complete(T value) {}

        @Override
        public void fail(EtcdError error) {
            errors.add(error);
        }
    }
}
