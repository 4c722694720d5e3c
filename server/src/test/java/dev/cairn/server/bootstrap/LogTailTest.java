package dev.cairn.server.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.AppliedState;
import dev.cairn.raft.MemoryRaftStorage;
import dev.cairn.raft.StorageException;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.SnapshotMetadata;
import org.junit.jupiter.api.Test;

/** Goal: the core starts with what is not applied, and with as much of what is as members may ask for. */
class LogTailTest {
    private static final ConfState MEMBERS = ConfState.ofVoters(1, 2, 3);

    @Test
    void shouldKeepNothingThatIsAppliedWhereNobodyAsks() throws StorageException {
        LogTail tail = tail(10, 0, SnapshotMetadata.EMPTY);
        for (int i = 1; i <= 12; i++) {
            tail.entry(entry(1, i));
        }
        MemoryRaftStorage storage = tail.storage(MEMBERS);

        assertThat(tail.unapplied()).isEqualTo(2);
        assertThat(storage.firstIndex()).isEqualTo(11);
        assertThat(storage.lastIndex()).isEqualTo(12);
        assertThat(storage.term(10)).isEqualTo(1);
        assertThat(storage.initialState().confState()).isEqualTo(MEMBERS);
    }

    @Test
    void shouldKeepTheNewestOfWhatIsApplied() throws StorageException {
        LogTail tail = tail(10, 4, SnapshotMetadata.EMPTY);
        for (int i = 1; i <= 12; i++) {
            tail.entry(entry(i < 7 ? 1 : 2, i));
        }
        MemoryRaftStorage storage = tail.storage(MEMBERS);

        assertThat(storage.firstIndex()).isEqualTo(7);
        assertThat(storage.term(6)).isEqualTo(1);
        assertThat(storage.term(7)).isEqualTo(2);
        // The membership is that of the applied index.
        assertThat(storage.snapshot().metadata().index()).isEqualTo(10);
        assertThat(storage.initialState().confState()).isEqualTo(MEMBERS);
    }

    @Test
    void shouldBeginWhereTheLogBegins() throws StorageException {
        LogTail tail = tail(10, 100, new SnapshotMetadata(ConfState.EMPTY, 8, 3));
        for (int i = 9; i <= 11; i++) {
            tail.entry(entry(3, i));
        }
        MemoryRaftStorage storage = tail.storage(MEMBERS);

        assertThat(storage.firstIndex()).isEqualTo(9);
        assertThat(storage.term(8)).isEqualTo(3);
        assertThat(storage.lastIndex()).isEqualTo(11);
    }

    @Test
    void shouldForgetWhatALaterLeaderReplaced() throws StorageException {
        LogTail tail = tail(2, 1, SnapshotMetadata.EMPTY);
        for (int i = 1; i <= 5; i++) {
            tail.entry(entry(1, i));
        }
        tail.entry(entry(2, 4));
        MemoryRaftStorage storage = tail.storage(MEMBERS);

        assertThat(tail.unapplied()).isEqualTo(2);
        assertThat(storage.lastIndex()).isEqualTo(4);
        assertThat(storage.term(4)).isEqualTo(2);
        assertThat(storage.term(3)).isEqualTo(1);
    }

    @Test
    void shouldBeginAnewWhenAllWasReplaced() throws StorageException {
        LogTail tail = tail(9, 1, new SnapshotMetadata(ConfState.EMPTY, 8, 3));
        for (int i = 9; i <= 12; i++) {
            tail.entry(entry(3, i));
        }
        tail.restart();
        assertThat(tail.unapplied()).isZero();
        tail.entry(entry(4, 9));
        MemoryRaftStorage storage = tail.storage(MEMBERS);

        assertThat(storage.lastIndex()).isEqualTo(9);
        assertThat(storage.term(8)).isEqualTo(3);
        assertThat(storage.term(9)).isEqualTo(4);
    }

    /** What a deposed leader wrote may have been let go of, as it was at places that are applied. */
    @Test
    void shouldKnowTheTermOfWhatReplacedWhatItLetGoOf() throws StorageException {
        LogTail tail = tail(10, 2, SnapshotMetadata.EMPTY);
        for (int i = 1; i <= 10; i++) {
            tail.entry(entry(1, i));
        }
        for (int i = 6; i <= 11; i++) {
            tail.entry(entry(2, i));
        }
        MemoryRaftStorage storage = tail.storage(MEMBERS);

        assertThat(storage.firstIndex()).isEqualTo(9);
        assertThat(storage.term(8)).isEqualTo(2);
        assertThat(storage.lastIndex()).isEqualTo(11);
        assertThat(tail.unapplied()).isEqualTo(1);
    }

    private static LogTail tail(long applied, long retained, SnapshotMetadata start) {
        return new LogTail(start, new AppliedState(applied, 1, ByteString.EMPTY), retained);
    }

    private static Entry entry(long term, long index) {
        return new Entry(term, index, EntryType.NORMAL, ByteString.EMPTY);
    }
}
