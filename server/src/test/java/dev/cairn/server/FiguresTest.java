package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a whole member shows of its queues and its storage. */
class FiguresTest {
    /** Every bounded queue of server/THREADS.md that exists in a process. */
    private static final List<String> QUEUES = List.of(
            "proposals",
            "member-changes",
            "linearizable-reads",
            "raft-messages",
            "log-appends",
            "apply",
            "etcd-ask",
            "etcd-peer-file",
            "etcd-segment",
            "etcd-read",
            "etcd-slow",
            "etcd-backup",
            "etcd-store",
            "etcd-profile",
            "etcd-password",
            "etcd-check",
            "etcd-tls",
            "etcd-names");

    private static final List<String> WEIGHED =
            List.of("proposals", "raft-messages", "log-appends", "watch-events", "store-overlay");

    @Test
    void shouldShowHowFullEveryQueueIsAndMayBe(@TempDir Path directory) throws Exception {
        try (RunningMember member = new RunningMember(directory)) {
            var ignored = KVGrpc.newBlockingStub(member.anonymous())
                    .put(PutRequest.newBuilder()
                            .setKey(ByteString.copyFromUtf8("a"))
                            .build());
            String metrics = member.metrics();
            for (String queue : QUEUES) {
                assertThat(metrics)
                        .contains("cairn_queue_entries{queue=\"" + queue + "\"} ")
                        .containsPattern("cairn_queue_entries_max\\{queue=\"" + queue + "\"} [1-9]");
            }
            for (String queue : WEIGHED) {
                assertThat(metrics)
                        .contains("cairn_queue_bytes{queue=\"" + queue + "\"} ")
                        .containsPattern("cairn_queue_bytes_max\\{queue=\"" + queue + "\"} [1-9]");
            }
            assertThat(metrics)
                    .contains("cairn_queue_entries_max{queue=\"proposals\"} 10000\n")
                    .containsPattern("cairn_lmdb_page_size_bytes [1-9]")
                    .containsPattern("cairn_lmdb_pages [1-9]")
                    .containsPattern("cairn_lmdb_pages_free \\d")
                    .containsPattern("cairn_lmdb_map_size_bytes [1-9]")
                    .containsPattern("cairn_lmdb_readers \\d")
                    .containsPattern("cairn_lmdb_readers_max [1-9]");
        }
    }
}
