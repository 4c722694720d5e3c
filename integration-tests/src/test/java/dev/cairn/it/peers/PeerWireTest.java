package dev.cairn.it.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.raft.message.MessageType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.core.ConditionTimeoutException;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a core of ours and a real etcd form one group over etcd's peer protocol, whoever leads. Method: a real member, to which a {@link
 * RawMember} is added; with two voters nothing is committed without either.
 */
@Tag("oracle")
@Timeout(180)
class PeerWireTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int BOLT_MAGIC = 0xED0CDAED;

    @TempDir
    Path directory;

    @Test
    void shouldFollowAndLeadARealMember() throws Exception {
        try (ServerProcess etcd = ServerProcess.start(Programs.real("etcd"), directory);
                RawMember raw = new RawMember()) {
            List<String> keys = new ArrayList<>();
            put(etcd, keys, "before");

            Group group = add(etcd, raw, "");
            put(etcd, keys, "together");
            awaiting(etcd, raw, () -> assertThat(raw.committedKeys()).isEqualTo(keys));
            awaiting(etcd, raw, () -> assertThat(raw.leader()).isEqualTo(group.etcd()));
            awaiting(
                    etcd,
                    raw,
                    () -> assertThat(raw.hasReceived(MessageType.APP, MessageType.HEARTBEAT))
                            .isTrue());
            awaiting(etcd, raw, () -> assertThat(raw.isActive(group.etcd())).isTrue());
            awaiting(etcd, raw, () -> assertThat(raw.hasProbed(group.etcd())).isTrue());
            for (int i = 0; i < 20; i++) {
                put(etcd, keys, "following-" + i);
            }
            awaiting(etcd, raw, () -> assertThat(raw.committedKeys()).isEqualTo(keys));

            run(etcd, "move-leader", Long.toHexString(group.raw()));
            awaiting(etcd, raw, () -> assertThat(raw.leader()).isEqualTo(group.raw()));
            for (int i = 0; i < 20; i++) {
                put(etcd, keys, "leading-" + i);
            }
            // A linearizable read asks the leader.
            assertThat(run(etcd, "get", "leading-19", "--print-value-only").strip())
                    .isEqualTo("value of leading-19");
            awaiting(etcd, raw, () -> assertThat(raw.committedKeys()).isEqualTo(keys));
            assertThat(raw.hasReceived(MessageType.PROP, MessageType.APP_RESP, MessageType.READ_INDEX))
                    .isTrue();

            raw.transferLeader(group.raw(), group.etcd());
            awaiting(etcd, raw, () -> assertThat(raw.leader()).isEqualTo(group.etcd()));
            put(etcd, keys, "back");
            awaiting(etcd, raw, () -> assertThat(raw.committedKeys()).isEqualTo(keys));

            // A cluster that has been connected for a few seconds only is not healthy enough for that.
            awaiting(etcd, raw, () -> run(etcd, "member", "remove", Long.toHexString(group.raw())));
            awaiting(etcd, raw, () -> assertThat(raw.isRemoved()).isTrue());
            put(etcd, keys, "alone");
            assertThat(raw.troubles()).isEmpty();
        }
    }

    @Test
    void shouldTakeASnapshotOfARealMember() throws Exception {
        String[] flags = {"--snapshot-count=10", "--snapshot-catchup-entries=5"};
        try (ServerProcess etcd = ServerProcess.start(Programs.real("etcd"), directory, flags);
                RawMember raw = new RawMember()) {
            List<String> keys = new ArrayList<>();
            for (int i = 0; i < 130; i++) {
                put(etcd, keys, "long-ago-" + i);
            }

            Group group = add(etcd, raw, "--learner");
            awaiting(etcd, raw, () -> assertThat(raw.snapshotIndex()).isGreaterThan(100));
            ByteBuffer database = ByteBuffer.wrap(raw.database()).order(ByteOrder.LITTLE_ENDIAN);
            assertThat(database.capacity()).isPositive();
            assertThat(database.capacity() % 4096).isZero();
            assertThat(database.getInt(16)).isEqualTo(BOLT_MAGIC);

            // The leader has no use for it, but takes it whole before it finds out.
            raw.returnSnapshot();
            awaiting(etcd, raw, () -> assertThat(raw.returned()).containsExactly(true));
            Path returned =
                    etcd.dataDirectory().resolve(String.format("member/snap/%016x.snap.db", raw.snapshotIndex()));
            assertThat(Files.readAllBytes(returned)).isEqualTo(raw.database());

            put(etcd, keys, "after");
            awaiting(etcd, raw, () -> assertThat(raw.committedKeys()).contains("after"));
            awaiting(etcd, raw, () -> run(etcd, "member", "promote", Long.toHexString(group.raw())));
            put(etcd, keys, "promoted");
            awaiting(etcd, raw, () -> assertThat(raw.committedKeys()).contains("promoted"));
            assertThat(raw.troubles()).isEmpty();
        }
    }

    /** The two ids. */
    private record Group(long etcd, long raw) {}

    private static Group add(ServerProcess etcd, RawMember raw, String option) {
        List<String> arguments = new ArrayList<>(List.of("member", "add", "raw", "--peer-urls=" + raw.url()));
        if (!option.isEmpty()) {
            arguments.add(option);
        }
        arguments.add("--write-out=json");
        String answer = run(etcd, arguments.toArray(String[]::new));
        JsonObject added =
                JsonParser.parseString(answer.substring(answer.indexOf('{'))).getAsJsonObject();
        JsonObject header = added.getAsJsonObject("header");
        long cluster = header.get("cluster_id").getAsBigInteger().longValue();
        long real = header.get("member_id").getAsBigInteger().longValue();
        long own = added.getAsJsonObject("member").get("ID").getAsBigInteger().longValue();
        raw.join(own, cluster, real, etcd.peerUrl());
        return new Group(real, own);
    }

    private static void put(ServerProcess etcd, List<String> keys, String key) {
        run(etcd, "put", key, "value of " + key);
        keys.add(key);
    }

    private static String run(ServerProcess etcd, String... arguments) {
        return Command.run(Command.etcdctl(etcd, arguments), LIMIT).success();
    }

    private static void awaiting(ServerProcess etcd, RawMember raw, ThrowingRunnable condition) {
        try {
            await().atMost(LIMIT).untilAsserted(condition);
        } catch (ConditionTimeoutException e) {
            throw new AssertionError(e.getMessage() + "\n" + raw.troubles() + "\n" + etcd.logTail(), e);
        }
    }
}
