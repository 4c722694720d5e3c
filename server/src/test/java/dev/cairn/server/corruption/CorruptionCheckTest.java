package dev.cairn.server.corruption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.mvcc.HashKv;
import dev.cairn.mvcc.KvException;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.corruption.PeerHashes.Answer;
import dev.cairn.server.corruption.PeerHashes.Failure;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CorruptionCheckTest {
    private static final long SELF = 1;

    /** What the store says at revision 0, one after the other; the last one stays. */
    private final Deque<HashKv> own = new ArrayDeque<>(List.of(hash(7, 2, 10)));

    private List<HashKv> stored = List.of();
    private final Map<Long, List<Answer>> answers = new HashMap<>();
    private final List<Long> asked = new ArrayList<>();
    private final List<Long> alarms = new ArrayList<>();
    private boolean readable = true;

    private final CorruptionCheck check = new CorruptionCheck(
            SELF,
            Duration.ofSeconds(7),
            new OwnHashes() {
                @Override
                public HashKv at(long revision) throws KvException {
                    HashKv next = own.size() > 1 ? own.remove() : own.element();
                    if (next.hashRevision() < 0) {
                        throw new KvException(KvException.Reason.COMPACTED);
                    }
                    return next;
                }

                @Override
                public List<HashKv> ofCompactions() {
                    return stored;
                }
            },
            revision -> {
                asked.add(revision);
                return answers.getOrDefault(revision, List.of());
            },
            (Completion<Long> done) -> {
                if (readable) {
                    done.complete(1L);
                } else {
                    done.fail(EtcdError.TIMEOUT);
                }
            },
            alarms::add);

    // The check before serving

    @Test
    void shouldStartAloneAndBesideEqualPeers() throws Exception {
        check.initial();
        answers(10, peer(2, hash(7, 2, 10)), peer(3, hash(7, 2, 12)));
        check.initial();
        assertThat(asked).containsExactly(10L, 10L);
    }

    @Test
    void shouldNotStartWhenAPeerDiffersUnderTheSameCompaction() {
        answers(10, peer(2, hash(7, 2, 10)), peer(3, hash(8, 2, 10)));
        assertThatThrownBy(check::initial)
                .isInstanceOf(CorruptionCheck.CheckException.class)
                .hasMessage("1 found data inconsistency with peers");
        assertThat(alarms).isEmpty();
    }

    @Test
    void shouldStartWhenThePeerHasCompactedElsewhere() throws Exception {
        answers(10, peer(2, hash(8, 3, 10)));
        check.initial();
    }

    @ParameterizedTest
    @EnumSource(Failure.class)
    void shouldStartWhenAPeerCannotAnswer(Failure failure) throws Exception {
        answers(10, Answer.failed(2, List.of("http://two"), failure));
        check.initial();
    }

    @Test
    void shouldNotStartWithoutADigestOfItsOwn() {
        own.addFirst(hash(0, 0, -1));
        assertThatThrownBy(check::initial)
                .isInstanceOf(CorruptionCheck.CheckException.class)
                .hasMessageStartingWith("1 failed to fetch hash (");
    }

    // The periodic check

    @Test
    void shouldFindNothingWrongWithEqualAndWithSlowPeers() throws Exception {
        answers(
                10,
                peer(2, hash(7, 2, 10)),
                peer(3, hash(9, 1, 10)),
                Answer.failed(4, List.of("http://four"), Failure.FUTURE_REVISION));
        check.periodic();
        assertThat(alarms).isEmpty();
    }

    @Test
    void shouldBlameThePeerThatDiffersUnderTheSameCompaction() throws Exception {
        answers(10, peer(2, hash(7, 2, 10)), peer(3, hash(8, 2, 10)));
        check.periodic();
        assertThat(alarms).containsExactly(3L);
    }

    @Test
    void shouldBlameAPeerThatIsAheadOfTheLeader() throws Exception {
        answers(10, peer(2, hash(7, 2, 10, 11)));
        check.periodic();
        assertThat(alarms).containsExactly(2L);
    }

    @Test
    void shouldNotBlameAPeerForWhatCameMeanwhile() throws Exception {
        own.add(hash(5, 4, 12));
        answers(10, peer(2, hash(9, 4, 10, 12)));
        check.periodic();
        assertThat(alarms).isEmpty();
    }

    @Test
    void shouldBlameAPeerThatHasCompactedFartherThanTheLeader() throws Exception {
        answers(10, peer(2, hash(7, 3, 10)));
        check.periodic();
        assertThat(alarms).containsExactly(2L);
    }

    @Test
    void shouldBlameItselfWhenItsDigestDoesNotStayTheSame() throws Exception {
        own.add(hash(8, 2, 10));
        answers(10, peer(2, hash(6, 2, 10)));
        check.periodic();
        assertThat(alarms).as("one alarm, the first found").containsExactly(SELF);
    }

    @Test
    void shouldNotBlameItselfWhenACompactionCameBetween() throws Exception {
        own.add(hash(8, 3, 10));
        check.periodic();
        assertThat(alarms).isEmpty();
    }

    @Test
    void shouldGiveUpWithoutALinearizableRead() {
        readable = false;
        answers(10, peer(2, hash(8, 2, 10)));
        assertThatThrownBy(check::periodic).isInstanceOf(CorruptionCheck.CheckException.class);
        assertThat(alarms).isEmpty();
    }

    // The check of compactions

    @Test
    void shouldStopAtTheNewestCompactionThatAllPeersKnow() {
        stored = List.of(hash(1, -1, 5), hash(2, 5, 9), hash(3, 9, 20));
        answers(20, peer(2, hash(3, 9, 20)), Answer.failed(3, List.of(), Failure.FUTURE_REVISION));
        answers(9, peer(2, hash(2, 5, 9)), peer(3, hash(2, 5, 9)));
        check.ofCompactions();
        assertThat(asked).containsExactly(20L, 9L);
        check.ofCompactions();
        assertThat(asked).as("9 is known to be right, 20 is not yet").containsExactly(20L, 9L, 20L);
        assertThat(alarms).isEmpty();
    }

    @Test
    void shouldLookAtAllCompactionsWhenThereAreNoPeers() {
        stored = List.of(hash(1, -1, 5), hash(2, 5, 9));
        check.ofCompactions();
        assertThat(asked).containsExactly(9L, 5L);
    }

    @Test
    void shouldSkipAPeerThatCompactedDifferentlyBefore() {
        stored = List.of(hash(2, 5, 9));
        answers(9, peer(2, hash(3, 6, 9)));
        check.ofCompactions();
        assertThat(alarms).isEmpty();
    }

    @Test
    void shouldBlameTheMinority() {
        stored = List.of(hash(2, 5, 9));
        answers(9, peer(2, hash(2, 5, 9)), peer(3, hash(4, 5, 9)));
        check.ofCompactions();
        assertThat(alarms).containsExactly(3L);
    }

    @Test
    void shouldBlameItselfWhenItIsTheMinority() {
        stored = List.of(hash(2, 5, 9));
        answers(9, peer(2, hash(4, 5, 9)), peer(3, hash(4, 5, 9)));
        check.ofCompactions();
        assertThat(alarms).containsExactly(SELF);
    }

    @Test
    void shouldBlameEveryMemberOfTheMinority() {
        stored = List.of(hash(2, 5, 9));
        answers(9, peer(2, hash(2, 5, 9)), peer(3, hash(2, 5, 9)), peer(4, hash(4, 5, 9)), peer(5, hash(6, 5, 9)));
        check.ofCompactions();
        assertThat(alarms).containsExactlyInAnyOrder(4L, 5L);
    }

    @Test
    void shouldBlameNobodyInParticularWithoutAMajority() {
        stored = List.of(hash(2, 5, 9), hash(1, -1, 5));
        answers(9, peer(2, hash(4, 5, 9)));
        check.ofCompactions();
        assertThat(alarms).containsExactly(0L);
        assertThat(asked).as("an alarm ends the check").containsExactly(9L);
    }

    @Test
    void shouldCountSilentMembersWhenItLooksForAMajority() {
        stored = List.of(hash(2, 5, 9));
        answers(9, peer(2, hash(4, 5, 9)), Answer.failed(3, List.of(), Failure.UNREACHABLE));
        check.ofCompactions();
        assertThat(alarms).containsExactly(0L);
    }

    private void answers(long revision, Answer... given) {
        answers.put(revision, Arrays.asList(given));
    }

    private static Answer peer(long id, HashKv hash) {
        return Answer.of(id, List.of("http://" + id), hash);
    }

    private static HashKv hash(int hash, long compactRevision, long hashRevision) {
        return hash(hash, compactRevision, hashRevision, hashRevision);
    }

    private static HashKv hash(int hash, long compactRevision, long hashRevision, long currentRevision) {
        return new HashKv(hash, compactRevision, hashRevision, currentRevision);
    }
}
