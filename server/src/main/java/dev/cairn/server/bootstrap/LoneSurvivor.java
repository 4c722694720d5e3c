package dev.cairn.server.bootstrap;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.ConfChange;
import dev.cairn.raft.message.ConfChangeFormat;
import dev.cairn.raft.message.ConfChangeType;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code --force-new-cluster}: the entries that leave one member of a cluster whose others are lost. Everything that is in its log counts as
 * committed, because what was acknowledged may be there and nowhere else. Stateless.
 */
final class LoneSurvivor {
    private static final Logger LOG = LoggerFactory.getLogger(LoneSurvivor.class);

    private LoneSurvivor() {}

    /**
     * The entries to be put behind the log, which remove everybody else; none when there is nobody else.
     *
     * @param applied the members as the store knows them
     * @param unapplied the entries behind that
     */
    static List<Entry> entries(Cluster.View applied, List<Entry> unapplied, long self, long term, long lastIndex) {
        TreeSet<Long> others = new TreeSet<>(Long::compareUnsigned);
        applied.members().stream().map(Member::id).forEach(others::add);
        for (Entry entry : unapplied) {
            if (entry.type() == EntryType.CONF_CHANGE) {
                ConfChange change = ConfChangeFormat.decode(entry.data());
                switch (change.type()) {
                    case ADD_NODE, ADD_LEARNER_NODE -> others.add(change.nodeId());
                    case REMOVE_NODE -> others.remove(change.nodeId());
                    case UPDATE_NODE -> {
                        // Changes nobody's membership.
                    }
                }
            }
        }
        others.remove(self);
        others.remove(0L);
        List<Entry> entries = new ArrayList<>();
        for (long other : others) {
            ConfChange change = new ConfChange(0, ConfChangeType.REMOVE_NODE, other, ByteString.EMPTY);
            entries.add(new Entry(
                    term, lastIndex + 1 + entries.size(), EntryType.CONF_CHANGE, ConfChangeFormat.encode(change)));
        }
        LOG.atWarn()
                .setMessage("forcing a new cluster of this member alone")
                .addKeyValue("local-member-id", Identity.hex(self))
                .addKeyValue(
                        "removed-member-ids", others.stream().map(Identity::hex).toList())
                .log();
        return entries;
    }
}
