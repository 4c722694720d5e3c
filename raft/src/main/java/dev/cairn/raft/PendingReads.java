package dev.cairn.raft;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.message.Message;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads that a leader has been asked for and has not granted yet (section 6.4 of the Raft dissertation).
 *
 * <p>Confined to the leader role; forgotten with it, so that those who asked ask again. A read first waits until the
 * leader has committed an entry of its own term, for only then it knows how far the log is committed; then, with {@link
 * ReadOnlyOption#SAFE}, until a quorum has answered a heartbeat sent after the read came. A heartbeat carries the context
 * of the newest read, and its answers confirm all older ones too.
 *
 * <p>Each of the two queues is bounded. A read beyond that is dropped, like one that a lost message drops.
 */
final class PendingReads {
    private static final int READS_MAX = 10_000;

    /** A read with the commit index of the moment when it was asked for. */
    record Read(Message request, long index) {
        ByteString context() {
            return request.entries().get(0).data();
        }
    }

    private final List<Message> beforeFirstCommit = new ArrayList<>();
    private final LinkedHashMap<ByteString, Unconfirmed> unconfirmed = new LinkedHashMap<>();
    private @Nullable ByteString newest;

    private static final class Unconfirmed {
        private final Read read;
        private IdSet confirmedBy = IdSet.EMPTY;

        Unconfirmed(Read read) {
            this.read = read;
        }
    }

    /** Keeps a read until the leader has committed in its term. Returns false if there is no room. */
    boolean addBeforeFirstCommit(Message request) {
        return beforeFirstCommit.size() < READS_MAX && beforeFirstCommit.add(request);
    }

    /** Gives back the reads that waited for the first commit. */
    List<Message> takeBeforeFirstCommit() {
        List<Message> taken = List.copyOf(beforeFirstCommit);
        beforeFirstCommit.clear();
        return taken;
    }

    /** Keeps a read until a quorum has confirmed the leader. Returns false if there is no room. */
    boolean add(Read read) {
        if (unconfirmed.containsKey(read.context())) {
            return true;
        }
        if (unconfirmed.size() >= READS_MAX) {
            return false;
        }
        unconfirmed.put(read.context(), new Unconfirmed(read));
        newest = read.context();
        return true;
    }

    /** What the next heartbeat has to carry: the context of the newest read, nothing if there is none. */
    ByteString newestContext() {
        ByteString context = newest;
        return context == null ? ByteString.EMPTY : context;
    }

    /** Notes that a member has answered a heartbeat with this context. Returns all that have. */
    IdSet confirm(long member, ByteString context) {
        Unconfirmed waiting = unconfirmed.get(context);
        if (waiting == null) {
            return IdSet.EMPTY;
        }
        waiting.confirmedBy = waiting.confirmedBy.with(member);
        return waiting.confirmedBy;
    }

    /** Takes out the read with this context, and all that are older, in the order in which they came. */
    List<Read> takeUpTo(ByteString context) {
        List<Read> taken = new ArrayList<>();
        if (!unconfirmed.containsKey(context)) {
            return taken;
        }
        Iterator<Map.Entry<ByteString, Unconfirmed>> oldestFirst =
                unconfirmed.entrySet().iterator();
        while (oldestFirst.hasNext()) {
            Map.Entry<ByteString, Unconfirmed> next = oldestFirst.next();
            oldestFirst.remove();
            taken.add(next.getValue().read);
            if (next.getKey().equals(context)) {
                break;
            }
        }
        if (unconfirmed.isEmpty()) {
            newest = null;
        }
        return taken;
    }
}
