package dev.cairn.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that a real etcd wrote, see the page beside them. */
class WalGoldenTest {
    private static final long NODE = 0x2e1259d415f2a040L;
    private static final long LEARNER = 0x5d8405e87d3594cbL;

    @TempDir
    Path temp;

    @Test
    void shouldReadWhatEtcdWrote() throws IOException {
        Logs.Read read = Logs.read(Logs.goldenLog(temp), 0, 0);

        assertThat(read.contents())
                .isEqualTo(new WalContents(
                        new WalMetadata(NODE, 0x48276a8f75b6a87L),
                        new HardState(2, NODE, 33),
                        Logs.GOLDEN_LAST_INDEX,
                        false));
        List<Entry> entries = read.entries();
        assertThat(entries).hasSize(34);
        for (int i = 0; i < entries.size(); i++) {
            assertThat(entries.get(i).index()).isEqualTo(i + 1);
        }
        assertThat(entries.get(0).type()).isEqualTo(EntryType.CONF_CHANGE);
        assertThat(entries.get(1)).isEqualTo(Logs.entry(2, 2, ""));
        for (int i = 1; i <= 26; i++) {
            assertThat(entries.get(i + 3).data().toString(StandardCharsets.ISO_8859_1))
                    .contains("key-" + i)
                    .contains("value-" + i);
        }
        assertThat(entries.get(30).data().toString(StandardCharsets.ISO_8859_1)).contains("x".repeat(6000));
        assertThat(entries.get(31).type()).isEqualTo(EntryType.CONF_CHANGE);
    }

    @Test
    void shouldReadFromALaterSnapshot() throws IOException {
        Logs.Read read = Logs.read(Logs.goldenLog(temp), 22, 2);

        assertThat(read.entries()).extracting(Entry::index).first().isEqualTo(23L);
        assertThat(read.contents().lastIndex()).isEqualTo(Logs.GOLDEN_LAST_INDEX);
    }

    @Test
    void shouldListSnapshotsThatAMemberMayStartFrom() throws IOException {
        ConfState single = ConfState.ofVoters(NODE);
        ConfState learner = new ConfState(IdSet.of(NODE), IdSet.of(LEARNER), IdSet.EMPTY, IdSet.EMPTY, false);

        assertThat(WalReader.validSnapshots(Logs.goldenLog(temp)))
                .containsExactly(
                        SnapshotMetadata.EMPTY,
                        new SnapshotMetadata(single, 11, 2),
                        new SnapshotMetadata(single, 22, 2),
                        new SnapshotMetadata(learner, 33, 2));
    }

    @Test
    void shouldEncodeEveryRecordAsEtcdDoes() throws IOException {
        Path log = Logs.goldenLog(temp);
        Path copy = temp.resolve("copy");
        try (FileChannel channel = FileChannel.open(log.resolve(Logs.FIRST_SEGMENT), StandardOpenOption.READ);
                SegmentFile segment = SegmentFile.create(WalFiles.REAL, copy, 64 << 10)) {
            SegmentScan scan = new SegmentScan(log, channel, new ChainedCrc(), true, true);
            WalAppender appender = new WalAppender(segment, 0, new ChainedCrc(), 4096, WalListener.NONE);
            while (scan.next()) {
                switch (scan.type()) {
                    case WalFormat.TYPE_CRC -> appender.start(segment);
                    case WalFormat.TYPE_METADATA ->
                        appender.metadata(Objects.requireNonNull(WalRecordDecoder.metadata(scan.data())));
                    case WalFormat.TYPE_ENTRY ->
                        appender.entry(Objects.requireNonNull(WalRecordDecoder.entry(scan.data(), true)));
                    case WalFormat.TYPE_STATE ->
                        appender.state(Objects.requireNonNull(WalRecordDecoder.state(scan.data())));
                    default ->
                        appender.snapshot(SnapFormat.encodeRecord(
                                Objects.requireNonNull(WalRecordDecoder.snapshot(scan.data()))));
                }
            }
            appender.flush();
        }

        byte[] golden = Logs.golden(Logs.FIRST_SEGMENT + ".gz");
        assertThat(Arrays.copyOf(Files.readAllBytes(copy), golden.length)).isEqualTo(golden);
    }

    @Test
    void shouldStartALogAsEtcdDoes() throws IOException {
        WalMetadata metadata = new WalMetadata(NODE, 0x48276a8f75b6a87L);
        WalWriter.create(temp.resolve("wal"), metadata, Logs.SMALL).close();

        int start = 0x50;
        byte[] written = Files.readAllBytes(temp.resolve("wal").resolve(Logs.FIRST_SEGMENT));
        assertThat(Arrays.copyOf(written, start))
                .isEqualTo(Arrays.copyOf(Logs.golden(Logs.FIRST_SEGMENT + ".gz"), start));
        assertThat(Arrays.copyOfRange(written, start, written.length)).isEqualTo(new byte[written.length - start]);
    }

    @Test
    void shouldAppendToALogOfEtcd() throws IOException {
        Path log = Logs.goldenLog(temp);
        List<Entry> entries = new ArrayList<>();
        try (WalWriter writer = Logs.resume(log, Logs.SMALL, entries)) {
            Entry more = Logs.entry(2, 35, "more");
            entries.add(more);
            writer.append(List.of(more), new HardState(2, NODE, 34));
            writer.sync();
        }

        Logs.Read read = Logs.read(log, 0, 0);
        assertThat(read.entries()).isEqualTo(entries);
        assertThat(read.contents().hardState()).isEqualTo(new HardState(2, NODE, 34));
    }

    @Test
    void shouldReadAndWriteSnapFilesAsEtcdDoes() {
        byte[] golden = Logs.golden("0000000000000002-0000000000000021.snap");

        Snapshot snapshot = SnapFormat.decode(golden).orElseThrow();

        assertThat(snapshot.metadata().index()).isEqualTo(33);
        assertThat(snapshot.metadata().term()).isEqualTo(2);
        assertThat(snapshot.metadata().confState().learners().contains(LEARNER)).isTrue();
        assertThat(snapshot.data().toStringUtf8()).startsWith("{\"Root\":{\"Path\":\"/\"");
        assertThat(SnapFormat.encode(snapshot)).isEqualTo(golden);
    }
}
