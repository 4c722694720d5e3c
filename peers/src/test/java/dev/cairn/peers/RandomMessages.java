package dev.cairn.peers;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Messages of all shapes from a seed. */
final class RandomMessages {
    private final Random random;

    RandomMessages(Random random) {
        this.random = random;
    }

    Message next() {
        Message.Builder message = Message.builder(MessageType.of(random.nextInt(24)))
                .to(id())
                .from(id())
                .term(position())
                .log(position(), position())
                .commit(position())
                .vote(random.nextInt(4) == 0 ? id() : 0)
                .reject(random.nextBoolean())
                .rejectHint(position())
                .entries(entries())
                .context(bytes(20));
        if (random.nextInt(4) == 0) {
            message.snapshot(new Snapshot(
                    bytes(2000),
                    new SnapshotMetadata(
                            new ConfState(ids(), ids(), ids(), ids(), random.nextBoolean()), position(), position())));
        }
        return message.build();
    }

    /** The next of a leader's appends to one follower: sometimes it continues the one before, sometimes not. */
    Message append(Message before, long local, long remote) {
        boolean follows = random.nextInt(4) > 0;
        long index = follows ? before.index() + before.entries().size() : random.nextInt(1000);
        long term = follows ? before.term() : before.term() + random.nextInt(2);
        long logTerm = random.nextInt(5) == 0 ? before.logTerm() : term;
        List<Entry> entries = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            entries.add(new Entry(term, index + entries.size() + 1, EntryType.of(random.nextInt(3)), bytes(300)));
        }
        return Message.builder(MessageType.APP)
                .to(local)
                .from(remote)
                .term(term)
                .log(logTerm, index)
                .entries(entries)
                .commit(position())
                .build();
    }

    private List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            entries.add(new Entry(position(), position(), EntryType.of(random.nextInt(3)), bytes(300)));
        }
        return entries;
    }

    private IdSet ids() {
        long[] ids = new long[random.nextInt(4)];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = id();
        }
        return IdSet.of(ids);
    }

    private long id() {
        return random.nextInt(4) == 0 ? random.nextInt(3) : random.nextLong();
    }

    private long position() {
        return random.nextInt(4) == 0 ? random.nextInt(3) : random.nextLong() >>> (1 + random.nextInt(62));
    }

    private ByteString bytes(int max) {
        byte[] bytes = new byte[random.nextBoolean() ? 0 : random.nextInt(max)];
        random.nextBytes(bytes);
        ByteString whole = ByteString.copyFrom(bytes);
        // A rope, too: its parts lie in several arrays.
        return random.nextInt(8) == 0 ? whole.concat(ByteString.copyFrom(new byte[200])) : whole;
    }
}
