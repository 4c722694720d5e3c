package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.EmptyResponse;
import dev.cairn.proto.membershippb.ClusterMemberAttrSetRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Goal: a member is published once, whichever of its proposals is applied. Method: proposals that the test answers when it likes. */
class PublicationTest {
    private final List<Completion<MessageLite>> proposed = new ArrayList<>();
    private final AtomicInteger published = new AtomicInteger();
    private final Publication publication = new Publication(
            1,
            ClusterMemberAttrSetRequest.newBuilder().setMemberID(2).build(),
            (request, completion) -> {
                assertThat(request.getClusterMemberAttrSet().getMemberID()).isEqualTo(2);
                proposed.add(completion);
            },
            published::incrementAndGet);

    private void applied(int proposal) {
        proposed.get(proposal).complete(EmptyResponse.getDefaultInstance());
    }

    @Test
    void shouldProposeAgainWhatTheExchangedStoreMayHave() {
        publication.start();
        publication.again();
        assertThat(proposed).hasSize(2);

        applied(1);
        assertThat(published).hasValue(1);
    }

    @Test
    void shouldBePublishedOnceWhereBothAreApplied() {
        publication.start();
        publication.again();
        applied(0);
        applied(1);
        publication.again();
        assertThat(proposed).hasSize(2);
        assertThat(published).hasValue(1);
    }

    @Test
    void shouldTryUntilItIsAppliedOrStopped() {
        publication.start();
        proposed.get(0).fail(EtcdError.TIMEOUT);
        proposed.get(1).fail(EtcdError.TIMEOUT);
        assertThat(proposed).hasSize(3);

        proposed.get(2).fail(EtcdError.STOPPED);
        assertThat(proposed).hasSize(3);
    }

    @Test
    void shouldNotTryOnceMoreWhatAnotherProposalHasDone() {
        publication.start();
        publication.again();
        applied(1);
        proposed.get(0).fail(EtcdError.TIMEOUT);
        assertThat(proposed).hasSize(2);
    }
}
