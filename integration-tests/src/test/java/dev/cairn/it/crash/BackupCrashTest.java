package dev.cairn.it.crash;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.bbolt.BoltFile;
import dev.cairn.it.backup.Backups;
import dev.cairn.it.cluster.Group;
import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.mvcc.EtcdRevision;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.mvccpb.KeyValue;
import dev.cairn.server.backup.DatabaseFile;
import dev.cairn.server.backup.TableSource;
import dev.cairn.server.backup.WorkProgress;
import dev.cairn.server.backup.archive.BackupDirectory;
import dev.cairn.server.backup.archive.PointInTime;
import dev.cairn.server.backup.archive.Target;
import dev.cairn.testing.Seed;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: whenever the server is killed, what lies in the backup directory is sound, and every point in time that was archived gives back what
 * readers saw then. Method: writers, full backups every second, SIGKILL at seeded moments; ranges that were read before, against restores.
 */
@Tag("crash")
@Timeout(300)
class BackupCrashTest {
    private static final int ROUNDS = 6;
    private static final int WRITERS = 6;
    private static final int SAMPLES_A_ROUND = 3;
    private static final long BUMP = 1_000_000_000;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private long seed;
    private Random random = new Random(0);

    @BeforeEach
    void chooseSeed() {
        seed = Seed.choose();
        random = new Random(seed);
    }

    /** All keys as they were at a revision. */
    private static Map<String, KeyValue> read(ServerProcess server, long revision) {
        ManagedChannel channel = NettyChannelBuilder.forTarget(server.target())
                .usePlaintext()
                .maxInboundMessageSize(Integer.MAX_VALUE)
                .build();
        try {
            RangeResponse response = KVGrpc.newBlockingStub(channel)
                    .range(RangeRequest.newBuilder()
                            .setKey(ByteString.copyFrom(new byte[1]))
                            .setRangeEnd(ByteString.copyFrom(new byte[1]))
                            .setRevision(revision)
                            .build());
            Map<String, KeyValue> keys = new TreeMap<>();
            response.getKvsList().forEach(each -> keys.put(each.getKey().toStringUtf8(), each));
            return keys;
        } finally {
            channel.shutdownNow();
        }
    }

    private static long currentRevision(ServerProcess server) {
        ManagedChannel channel =
                NettyChannelBuilder.forTarget(server.target()).usePlaintext().build();
        try {
            return KVGrpc.newBlockingStub(channel)
                    .range(RangeRequest.newBuilder()
                            .setKey(ByteString.copyFromUtf8("none"))
                            .build())
                    .getHeader()
                    .getRevision();
        } finally {
            channel.shutdownNow();
        }
    }

    private static Map<String, KeyValue> restored(Path backups, long revision) throws IOException {
        PointInTime way =
                PointInTime.find(BackupDirectory.find(backups), new Target.AtRevision(revision), WorkProgress.UNSEEN);
        Map<String, KeyValue> keys = new TreeMap<>();
        try (DatabaseFile full = DatabaseFile.open(way.full().file(), false, WorkProgress.UNSEEN)) {
            way.from(full).visit(new TableSource.Visitor() {
                private boolean inKeys;

                @Override
                public void bucket(String name) {
                    inKeys = name.equals("key");
                }

                @Override
                public void pair(byte[] key, byte[] value) throws IOException {
                    if (inKeys) {
                        KeyValue row = KeyValue.parseFrom(value);
                        String name = row.getKey().toStringUtf8();
                        if (EtcdRevision.decode("key", key).tombstone()) {
                            keys.remove(name);
                        } else {
                            keys.put(name, row);
                        }
                    }
                }
            });
        }
        return keys;
    }

    private static void checkFiles(Path backups) {
        try {
            for (BackupDirectory.Full full : BackupDirectory.find(backups).fulls()) {
                DatabaseFile.open(full.file(), false, WorkProgress.UNSEEN).close();
                try (BoltFile file = BoltFile.open(full.file())) {
                    file.check();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void shouldGiveBackWhatReadersSawWheneverItIsKilled() throws Exception {
        String replay = Seed.replay(seed);
        Path backups = Files.createDirectory(directory.resolve("backups"));
        Ledger ledger = new Ledger();
        TreeMap<Long, Map<String, KeyValue>> seen = new TreeMap<>();
        try (ServerProcess server = ServerProcess.prepare(
                Programs.ours(),
                directory,
                "--backup-dir=" + backups,
                "--backup-interval=1s",
                "--backup-retention=0",
                "--backup-archive")) {
            server.start();
            new Backups(backups).awaitReached(new Target.AtRevision(1), server);
            for (int round = 0; round < ROUNDS; round++) {
                try (Writers writers = new Writers(ledger, server.target(), "round" + round, WRITERS, random)) {
                    for (int i = 0; i < SAMPLES_A_ROUND; i++) {
                        int target = ledger.acknowledged() + 20 + random.nextInt(300);
                        assertThat(writers.awaitAcknowledged(target)).as(replay).isTrue();
                        long revision = currentRevision(server);
                        seen.put(revision, read(server, revision));
                    }
                    // Where in a second it strikes is chance: in a full backup, in a segment, in a sync.
                    Thread.sleep(random.nextInt(1500));
                    server.kill();
                } catch (StatusRuntimeException e) {
                    throw new AssertionError(replay + "\n" + server.logTail(), e);
                }
                checkFiles(backups);
                server.start();
            }
            long newest = currentRevision(server);
            seen.put(newest, read(server, newest));
            new Backups(backups).awaitReached(new Target.AtRevision(newest), server);
            // History was never interrupted, so neither was the line.
            assertThat(server.log().split("archiving of revisions begins anew", -1))
                    .as(replay)
                    .hasSize(2);
            assertThat(server.log()).doesNotContain("failed to archive", "failed to take a full backup");
        }
        checkFiles(backups);
        for (Map.Entry<Long, Map<String, KeyValue>> sample : seen.entrySet()) {
            assertThat(restored(backups, sample.getKey()))
                    .as("%s revision %d", replay, sample.getKey())
                    .isEqualTo(sample.getValue());
        }
        Map.Entry<Long, Map<String, KeyValue>> chosen =
                seen.headMap(seen.lastKey(), false).lastEntry();
        for (Path program : new Path[] {Programs.real("etcd"), Programs.ours()}) {
            checkServed(backups, program, chosen.getKey(), chosen.getValue());
        }
    }

    @Test
    void shouldGoOnWhereTheLeaderBeforeHasStopped() throws Exception {
        Path backups = Files.createDirectory(directory.resolve("backups"));
        TreeMap<Long, Map<String, KeyValue>> seen = new TreeMap<>();
        Path ours = Programs.ours();
        try (Group group = Group.found(
                directory,
                List.of("--backup-dir=" + backups, "--backup-interval=1h", "--backup-archive"),
                ours,
                ours,
                ours)) {
            int first = group.awaitLeader();
            new Backups(backups).awaitReached(new Target.AtRevision(1), group.member(first));
            for (int round = 0; round < 5; round++) {
                int leader = group.awaitLeader();
                int other = (leader + 1 + random.nextInt(2)) % 3;
                for (int i = 0; i < 10 + random.nextInt(20); i++) {
                    group.ctlUntilDone(other, "put", "key-" + random.nextInt(9), round + "/" + i);
                }
                long revision = currentRevision(group.member(other));
                seen.put(revision, read(group.member(other), revision));
                if (random.nextBoolean()) {
                    group.makeLeader(other);
                } else {
                    group.member(leader).kill();
                    group.ctlUntilDone(other, "put", "without", "m" + leader);
                    group.start(leader);
                }
            }
            int last = group.awaitLeader();
            long newest = currentRevision(group.member(last));
            seen.put(newest, read(group.member(last), newest));
            new Backups(backups).awaitReached(new Target.AtRevision(newest), group.member(last));
        }
        // Whoever led, there was one backup in this hour, and one line.
        assertThat(BackupDirectory.find(backups).fulls()).as(Seed.replay(seed)).hasSize(1);
        for (Map.Entry<Long, Map<String, KeyValue>> sample : seen.entrySet()) {
            assertThat(restored(backups, sample.getKey()))
                    .as("%s revision %d", Seed.replay(seed), sample.getKey())
                    .isEqualTo(sample.getValue());
        }
    }

    /** The command, and a server on what it makes. */
    private void checkServed(Path backups, Path program, long revision, Map<String, KeyValue> expected) {
        Path place = directory.resolve("served-" + program.toString().hashCode());
        try (ServerProcess server = ServerProcess.prepare(program, place).reserve()) {
            Command.run(
                            List.of(
                                    Programs.repository().resolve("bin/etcdutl").toString(),
                                    "snapshot",
                                    "restore",
                                    backups.toString(),
                                    "--to-revision=" + revision,
                                    "--data-dir=" + server.dataDirectory(),
                                    "--name=default",
                                    "--initial-cluster=default=" + server.peerUrl(),
                                    "--initial-advertise-peer-urls=" + server.peerUrl()),
                            LIMIT)
                    .success();
            server.start();
            assertThat(currentRevision(server)).isEqualTo(revision + BUMP);
            assertThat(read(server, 0)).isEqualTo(expected);
            // A client that has seen more of the cluster than was restored is told to begin anew.
            assertThat(Command.run(Command.etcdctl(server, "get", "any", "--rev=" + (revision + 5)), LIMIT)
                            .err())
                    .contains("required revision has been compacted");
        }
    }
}
