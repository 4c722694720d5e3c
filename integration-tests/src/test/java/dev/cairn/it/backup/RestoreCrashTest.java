package dev.cairn.it.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.mvcc.EtcdRevision;
import dev.cairn.proto.mvccpb.KeyValue;
import dev.cairn.server.backup.DatabaseWriter;
import dev.cairn.server.backup.TableSource;
import dev.cairn.server.backup.WorkProgress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a restore that is killed leaves nothing that might be taken for a member, and the next one is as if it had been the first. Method: a
 * database that takes a while, killed when so much of it was written.
 */
@Tag("oracle")
@Timeout(300)
class RestoreCrashTest {
    private static final Duration LIMIT = Duration.ofSeconds(120);
    private static final int KEYS = 20_000;
    private static final int VALUE_BYTES = 6_000;

    @TempDir
    Path directory;

    private Path file = Path.of("");

    /** A database with so many keys, as an etcd would have it. */
    private static final class Content implements TableSource {
        @Override
        public void visit(Visitor visitor) throws IOException {
            Random random = new Random(7);
            byte[] value = new byte[VALUE_BYTES];
            visitor.bucket("key");
            for (int i = 0; i < KEYS; i++) {
                random.nextBytes(value);
                long revision = i + 2L;
                KeyValue pair = KeyValue.newBuilder()
                        .setKey(ByteString.copyFromUtf8("key-" + i))
                        .setCreateRevision(revision)
                        .setModRevision(revision)
                        .setVersion(1)
                        .setValue(ByteString.copyFrom(value))
                        .build();
                visitor.pair(EtcdRevision.encode(revision), pair.toByteArray());
            }
            visitor.bucket("meta");
            visitor.pair("storageVersion".getBytes(StandardCharsets.UTF_8), "3.7.0".getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public long bytes() {
            return (long) KEYS * VALUE_BYTES;
        }
    }

    @BeforeEach
    void writeDatabase() throws IOException {
        file = directory.resolve("large.db");
        DatabaseWriter.write(new Content(), file, WorkProgress.UNSEEN);
    }

    private List<String> restore(Path target, String... more) {
        List<String> command = new ArrayList<>(List.of(
                Programs.repository().resolve("bin/etcdutl").toString(),
                "snapshot",
                "restore",
                file.toString(),
                "--skip-hash-check",
                "--data-dir=" + target));
        command.addAll(List.of(more));
        return command;
    }

    private static long length(Path path) {
        try {
            return Files.size(path);
        } catch (IOException e) {
            return 0;
        }
    }

    @Test
    void shouldLeaveNothingThatLooksFinishedWhenItIsKilled() throws Exception {
        ServerProcess server = ServerProcess.prepare(Programs.ours(), directory.resolve("server"))
                .reserve();
        Path target = server.dataDirectory();
        String[] flags = {
            "--initial-cluster=default=" + server.peerUrl(), "--initial-advertise-peer-urls=" + server.peerUrl()
        };
        long whole = length(file);
        int killedMidway = 0;
        for (int eighth = 0; eighth < 8; eighth++) {
            long least = whole * eighth / 8;
            Command running = Command.start(restore(target, flags));
            await().pollInterval(Duration.ofMillis(1))
                    .atMost(LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                    .until(() -> Files.exists(target.resolve("member"))
                            || length(target.resolve("member.restoring/snap/db")) > least);
            running.kill();
            running.await(LIMIT);
            if (Files.exists(target.resolve("member"))) {
                // It was quicker than the kill; then it has to be whole, which the last one shows of all.
                Files.move(target, directory.resolve("quick-" + eighth));
                continue;
            }
            killedMidway++;
            assertThat(target.resolve("member.restoring")).exists();
        }
        assertThat(killedMidway).isPositive();
        try (server) {
            Command.run(restore(target, flags), LIMIT).success();
            assertThat(target.resolve("member.restoring")).doesNotExist();
            server.start();
            assertThat(Command.run(
                                    Command.etcdctl(server, "get", "", "--prefix", "--count-only", "-w", "fields"),
                                    LIMIT)
                            .success())
                    .contains("\"Count\" : " + KEYS);
        }
    }

    @Test
    void shouldRefuseASecondRestoreOfTheSameDirectory() throws Exception {
        Path target = directory.resolve("data");
        Command first = Command.start(restore(target));
        await().pollInterval(Duration.ofMillis(1))
                .atMost(LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                .until(() -> length(target.resolve("member.restoring/snap/db")) > 0);
        Command.Result second = Command.run(restore(target), LIMIT);
        assertThat(second.exit()).isEqualTo(1);
        // Whichever it meets: the other one at work, or its work.
        assertThat(second.err()).containsAnyOf("another restore is making", "not empty or could not be read");
        first.input("").await(LIMIT).success();
        assertThat(Command.run(
                                List.of(
                                        Programs.real("etcdutl").toString(),
                                        "snapshot",
                                        "status",
                                        target.resolve("member/snap/db").toString()),
                                LIMIT)
                        .success())
                .contains(" " + (KEYS + 1) + ", " + KEYS + ",");
    }
}
