package dev.cairn.server.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.ConfChange;
import dev.cairn.raft.message.ConfChangeFormat;
import dev.cairn.raft.message.ConfChangeType;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Member;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Goal: nobody but the survivor is left, whether the store or only the log knows of the others. */
class LoneSurvivorTest {
    @Test
    void shouldRemoveEverybodyElse() {
        Cluster.View applied = new Cluster.View(List.of(member(1), member(2), member(3)), Set.of(), null, null);
        List<Entry> unapplied = List.of(
                change(11, ConfChangeType.ADD_LEARNER_NODE, 4),
                new Entry(2, 12, EntryType.NORMAL, ByteString.EMPTY),
                change(13, ConfChangeType.REMOVE_NODE, 3));

        List<Entry> forced = LoneSurvivor.entries(applied, unapplied, 1, 5, 13);

        assertThat(forced).extracting(Entry::index).containsExactly(14L, 15L);
        assertThat(forced).extracting(Entry::term).containsOnly(5L);
        assertThat(forced)
                .extracting(entry -> ConfChangeFormat.decode(entry.data()))
                .extracting(ConfChange::type, ConfChange::nodeId)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(ConfChangeType.REMOVE_NODE, 2L),
                        org.assertj.core.groups.Tuple.tuple(ConfChangeType.REMOVE_NODE, 4L));
    }

    @Test
    void shouldLeaveAMemberAloneAsItIs() {
        Cluster.View applied = new Cluster.View(List.of(member(1)), Set.of(), null, null);

        assertThat(LoneSurvivor.entries(applied, List.of(), 1, 5, 13)).isEmpty();
    }

    private static Member member(long id) {
        return new Member(id, List.of("http://127.0.0.1:" + id), false, "m" + id, List.of());
    }

    private static Entry change(long index, ConfChangeType type, long node) {
        return new Entry(
                2,
                index,
                EntryType.CONF_CHANGE,
                ConfChangeFormat.encode(new ConfChange(0, type, node, ByteString.EMPTY)));
    }
}
