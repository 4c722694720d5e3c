package dev.cairn.it.upkeep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: with a short retention, what is older than it goes, as at a real etcd. Method: both servers side by side are given the same
 * revisions; the compacted revision, which {@code HashKV} tells, has to follow, and may never reach what is younger.
 */
@Tag("client")
@Timeout(120)
class AutoCompactionTest {
    private static final Duration RETENTION = Duration.ofSeconds(5);
    private static final int REVISION_BEFORE = 11;

    @TempDir
    Path directory;

    @Test
    void shouldKeepTheLastFiveSeconds() {
        String flag = "--auto-compaction-retention=" + RETENTION.toSeconds() + "s";
        try (ServerProcess ours = ServerProcess.start(Programs.ours(), directory.resolve("ours"), flag);
                ServerProcess real = ServerProcess.start(Programs.real("etcd"), directory.resolve("real"), flag);
                Client one = new Client(ours);
                Client two = new Client(real)) {
            List<Client> clients = List.of(one, two);
            for (Client client : clients) {
                for (int i = 2; i <= REVISION_BEFORE; i++) {
                    client.put("key", "value" + i, 0);
                }
                assertThat(client.hashKv(0).getCompactRevision()).isLessThan(REVISION_BEFORE);
            }
            for (Client client : clients) {
                await().atMost(RETENTION.multipliedBy(4))
                        .untilAsserted(() -> assertThat(client.hashKv(0).getCompactRevision())
                                .isEqualTo(REVISION_BEFORE));
            }
            // With nothing new there is nothing to compact, so the digests are comparable.
            List<Integer> hashes = new ArrayList<>();
            for (Client client : clients) {
                client.put("later", "value", 0);
                assertThat(client.hashKv(0).getCompactRevision()).isEqualTo(REVISION_BEFORE);
                hashes.add(client.hashKv(REVISION_BEFORE + 1).getHash());
            }
            assertThat(hashes.get(0)).isEqualTo(hashes.get(1));
        }
        // Lines that operators look for.
        try (ServerProcess ours =
                ServerProcess.start(Programs.ours(), directory.resolve("lines"), "--auto-compaction-retention=1s")) {
            await().atMost(RETENTION.multipliedBy(4))
                    .untilAsserted(() -> assertThat(ours.logTail())
                            .contains(
                                    "\"msg\":\"starting auto periodic compaction\",\"revision\":1,\"compact-period\":\"1s\"")
                            .contains("\"msg\":\"completed auto periodic compaction\",\"revision\":1,")
                            .contains("\"msg\":\"finished scheduled compaction\",\"compact-revision\":1,"));
        }
    }
}
