package dev.cairn.raft;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class UnstableTest {
    private final Unstable unstable = new Unstable(5, new Narrator(1, RaftListener.SILENT));

    private static Entry entry(long term, long index) {
        return new Entry(term, index, EntryType.NORMAL, ByteString.EMPTY);
    }

    private static Snapshot snapshot(long term, long index) {
        return new Snapshot(ByteString.EMPTY, new SnapshotMetadata(ConfState.EMPTY, index, term));
    }

    @Test
    void shouldHandOutEntriesOnce() {
        unstable.truncateAndAppend(List.of(entry(1, 5), entry(1, 6)));
        assertThat(unstable.nextEntries()).hasSize(2);
        unstable.acceptInProgress();
        assertThat(unstable.nextEntries()).isEmpty();
        unstable.truncateAndAppend(List.of(entry(1, 7)));
        assertThat(unstable.nextEntries()).containsExactly(entry(1, 7));
    }

    @Test
    void shouldHandOutReplacedEntriesAgain() {
        unstable.truncateAndAppend(List.of(entry(1, 5), entry(1, 6), entry(1, 7)));
        unstable.acceptInProgress();
        unstable.truncateAndAppend(List.of(entry(2, 6)));
        assertThat(unstable.nextEntries()).containsExactly(entry(2, 6));
        assertThat(unstable.lastIndex()).isEqualTo(OptionalLong.of(6));
        assertThat(unstable.term(5)).isEqualTo(OptionalLong.of(1));
        unstable.checkInvariants();
    }

    @Test
    void shouldStartEarlierWhenStableEntriesAreReplaced() {
        unstable.truncateAndAppend(List.of(entry(1, 5)));
        unstable.truncateAndAppend(List.of(entry(2, 3), entry(2, 4)));
        assertThat(unstable.offset()).isEqualTo(3);
        assertThat(unstable.nextEntries()).containsExactly(entry(2, 3), entry(2, 4));
        unstable.checkInvariants();
    }

    @Test
    void shouldKeepEntriesThatWereReplacedDuringTheirWrite() {
        unstable.truncateAndAppend(List.of(entry(1, 5), entry(1, 6)));
        unstable.acceptInProgress();
        unstable.truncateAndAppend(List.of(entry(2, 6)));
        unstable.stableTo(1, 6);
        assertThat(unstable.offset()).isEqualTo(5);
        unstable.stableTo(1, 5);
        assertThat(unstable.offset()).isEqualTo(6);
        unstable.stableTo(2, 6);
        assertThat(unstable.hasEntries()).isFalse();
        assertThat(unstable.lastIndex()).isEmpty();
        unstable.checkInvariants();
    }

    @Test
    void shouldKeepASnapshotUntilItIsDurable() {
        unstable.truncateAndAppend(List.of(entry(1, 5)));
        unstable.restore(snapshot(3, 10));
        assertThat(unstable.firstIndex()).isEqualTo(OptionalLong.of(11));
        assertThat(unstable.lastIndex()).isEqualTo(OptionalLong.of(10));
        assertThat(unstable.term(10)).isEqualTo(OptionalLong.of(3));
        assertThat(unstable.nextSnapshot()).isNotNull();
        unstable.acceptInProgress();
        assertThat(unstable.nextSnapshot()).isNull();
        assertThat(unstable.snapshot()).isNotNull();
        unstable.stableSnapshotTo(9);
        assertThat(unstable.snapshot()).isNotNull();
        unstable.stableSnapshotTo(10);
        assertThat(unstable.snapshot()).isNull();
    }

    /** Goal: buffer and storage are a list with a moving start. Method: random operations on both and on a list. */
    @Test
    void shouldStoreEntriesAsAListDoes() {
        Seeds.forEach(300, random -> {
            MemoryRaftStorage storage = new MemoryRaftStorage();
            List<Entry> model = new ArrayList<>();
            long first = 1;
            long term = 1;
            for (int i = 0; i < 200; i++) {
                int what = random.nextInt(10);
                long last = first + model.size() - 1;
                if (what < 6) {
                    term += random.nextInt(2);
                    long from = Math.max(1, last + 1 - random.nextInt(5));
                    List<Entry> more = new ArrayList<>();
                    for (int n = 1 + random.nextInt(30); n > 0; n--) {
                        byte[] data = new byte[random.nextInt(10)];
                        more.add(new Entry(term, from + more.size(), EntryType.NORMAL, ByteString.copyFrom(data)));
                    }
                    storage.append(more);
                    for (Entry entry : more) {
                        if (entry.index() >= first) {
                            // The first of them cuts off what followed.
                            while (first + model.size() - 1 >= entry.index()) {
                                model.remove(model.size() - 1);
                            }
                            model.add(entry);
                        }
                    }
                } else if (what < 8 && !model.isEmpty()) {
                    long to = first + random.nextInt(model.size());
                    storage.compact(to);
                    while (first <= to) {
                        model.remove(0);
                        first++;
                    }
                } else if (what == 8 && random.nextInt(10) == 0) {
                    long at = last + random.nextInt(3);
                    if (storage.applySnapshot(snapshot(term, at))) {
                        model.clear();
                        first = at + 1;
                    }
                }
                assertThat(storage.firstIndex()).isEqualTo(first);
                assertThat(storage.lastIndex()).isEqualTo(first + model.size() - 1);
                assertThat(storage.bytes()).isEqualTo(Entry.encodedBytes(model));
                assertThat(read(storage, first, first + model.size(), Long.MAX_VALUE))
                        .isEqualTo(model);
                if (!model.isEmpty()) {
                    long limit = random.nextInt(100);
                    List<Entry> some = read(storage, first, first + model.size(), limit);
                    assertThat(some).isEqualTo(model.subList(0, some.size())).isNotEmpty();
                    assertThat(some.size() == 1 || Entry.encodedBytes(some) <= limit)
                            .isTrue();
                    boolean whole = some.size() == model.size();
                    assertThat(whole || Entry.encodedBytes(model.subList(0, some.size() + 1)) > limit)
                            .isTrue();
                }
            }
        });
    }

    private static List<Entry> read(MemoryRaftStorage storage, long low, long high, long bytesMax) {
        try {
            return storage.entries(low, high, bytesMax);
        } catch (StorageException e) {
            throw new AssertionError(e);
        }
    }
}
