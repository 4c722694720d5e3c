package dev.cairn.server.install;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.peers.SnapshotSource;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.backup.OutgoingSnapshots;
import dev.cairn.server.loop.LogHolds;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.ConfStateFormat;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: what goes out says of itself what it is, and comes in as the same store. Method: from our sender to our import. */
@Timeout(60)
class OutgoingSnapshotsTest {
    @TempDir
    Path directory;

    private final Identity identity = new Identity(1, 17);
    private final MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
    private final List<Runnable> jobs = new ArrayList<>();
    private final List<Long> lost = new ArrayList<>();
    private final List<SnapshotSource> sent = new ArrayList<>();
    private final OutgoingSnapshots outgoing =
            new OutgoingSnapshots(identity, store, new LogHolds(), jobs::add, lost::add);
    private long index;

    @BeforeEach
    void fill() throws Exception {
        Cluster cluster = new Cluster(identity, store);
        cluster.add(new Member(17, List.of("http://127.0.0.1:1"), false, "one", List.of()));
        store.confState(ConfStateFormat.encode(cluster.view()));
        write(50);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void write(int count) throws Exception {
        for (int i = 0; i < count; i++) {
            store.put(PutRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8("key-" + i % 20))
                    .setValue(ByteString.copyFromUtf8("value-" + index))
                    .build());
            store.applied(++index, 4);
        }
    }

    private static Message wanted(long member) {
        return Message.builder(MessageType.SNAP)
                .from(17)
                .to(member)
                .term(6)
                .snapshot(new Snapshot(ByteString.EMPTY, new SnapshotMetadata(ConfState.EMPTY, 3, 2)))
                .build();
    }

    @Test
    void shouldSendTheStoreAsItIsAndSayWhatItIs() throws Exception {
        outgoing.send(wanted(2), sent::add);
        assertThat(sent).isEmpty();
        write(10);
        jobs.remove(0).run();
        SnapshotSource source = sent.get(0);
        int hash = store.hashKv(0).hash();
        write(30);
        Snapshot snapshot = source.message().snapshot();
        assertThat(snapshot).isNotNull();
        if (snapshot == null) {
            return;
        }
        assertThat(source.message().to()).isEqualTo(2);
        assertThat(source.message().term()).isEqualTo(6);
        assertThat(snapshot.metadata().index()).isEqualTo(60);
        assertThat(snapshot.metadata().term()).isEqualTo(4);
        assertThat(snapshot.metadata().confState().voters().contains(17)).isTrue();
        assertThat(snapshot.data().toStringUtf8()).contains("/0/members/11");
        Path file = directory.resolve("db");
        try (InputStream body = source.open()) {
            Files.copy(body, file);
        }
        source.release(true);
        StoreOptions there = StoreOptions.lmdb(directory.resolve("there"), 0);
        assertThat(DatabaseImport.run(file, there).index()).isEqualTo(60);
        try (MvccStore received = MvccStore.open(there)) {
            assertThat(received.hashKv(0).hash()).isEqualTo(hash);
        }
        assertThat(lost).isEmpty();
    }

    @Test
    void shouldSendOneAtATimeToAMember() {
        outgoing.send(wanted(2), sent::add);
        outgoing.send(wanted(2), sent::add);
        assertThat(lost).containsExactly(2L);
        jobs.forEach(Runnable::run);
        sent.get(0).release(false);
        outgoing.send(wanted(2), sent::add);
        assertThat(jobs).hasSize(2);
        assertThat(lost).hasSize(1);
    }

    @Test
    void shouldTellTheCoreWhatIsTooMuchOrFails() {
        for (long member = 1; member <= OutgoingSnapshots.SNAPSHOTS_MAX + 1; member++) {
            outgoing.send(wanted(member), sent::add);
        }
        assertThat(lost).containsExactly(OutgoingSnapshots.SNAPSHOTS_MAX + 1L);
        store.close();
        jobs.get(0).run();
        assertThat(lost).hasSize(2).endsWith(1L);
    }
}
