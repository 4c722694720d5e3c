package dev.cairn.server.version;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Goal: what is refused before the cluster has a version. Method: a cluster by hand; everything else is shown beside a real etcd. */
class DowngradesTest {
    private final MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
    private final Cluster cluster = new Cluster(new Identity(9, 1), store);
    private final List<String> proposed = new ArrayList<>();
    private final List<Object> outcomes = new ArrayList<>();
    private final Downgrades downgrades = new Downgrades(
            cluster, reads -> reads.complete(1L), (request, completion) -> proposed.add(request.toString()));

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void shouldTellThatThereIsNoClusterVersionYet() {
        downgrades.validate("3.6", outcome());
        downgrades.enable("3.6", outcome());
        downgrades.cancel(outcome());

        assertThat(outcomes).hasSize(3).containsOnly(EtcdError.DOWNGRADE_NO_CLUSTER_VERSION);
        assertThat(proposed).isEmpty();
    }

    @Test
    void shouldLookAtTheTextOfTheVersionFirst() {
        downgrades.validate("three", outcome());
        assertThat(outcomes).containsExactly(EtcdError.DOWNGRADE_BAD_VERSION_FORMAT);
    }

    @Test
    void shouldJudgeByTheClusterVersionOnceThereIsOne() {
        cluster.setVersion("3.7.0");
        downgrades.validate("3.6", outcome());
        downgrades.validate("3.5", outcome());

        assertThat(outcomes).containsExactly("3.7", EtcdError.DOWNGRADE_INVALID_TARGET);
    }

    private Completion<String> outcome() {
        return new Completion<>() {
            @Override
            public void complete(String version) {
                outcomes.add(version);
            }

            @Override
            public void fail(EtcdError error) {
                outcomes.add(error);
            }
        };
    }
}
