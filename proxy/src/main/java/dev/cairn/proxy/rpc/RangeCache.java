package dev.cairn.proxy.rpc;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The answers of ranges, by their requests, for requests that may be answered from memory. Thread-safe.
 *
 * <p>A write that goes through the proxy drops the answers that it may change, and keeps those that are just under way from being taken. Writes
 * that take another way are not noticed: an answer then stays until it is dropped for another reason, which is what clients of a cache agree to.
 *
 * <p>Bounded by {@link #ENTRIES_MAX} answers and {@link #BYTES_MAX} bytes; the one that was used longest ago goes first. An answer of more than
 * {@link #ANSWER_BYTES_MAX} bytes is not kept. Answers under way are bounded by the calls under way.
 */
final class RangeCache {
    static final int ENTRIES_MAX = 2048;
    static final long BYTES_MAX = 64L << 20;
    static final int ANSWER_BYTES_MAX = 1 << 20;

    private static final ByteString NO_END = ByteString.copyFrom(new byte[] {0});

    /** What two calls must have in common to get the same answer: users may not see the same. */
    private record Question(RangeRequest request, String token) {
        boolean touches(ByteString key, ByteString end) {
            return overlap(request.getKey(), request.getRangeEnd(), key, end);
        }

        boolean single() {
            return request.getRangeEnd().isEmpty();
        }
    }

    private record Entry(RangeResponse response, long bytes) {}

    /** An answer that is under way. Its fields are guarded by the cache's lock. */
    final class Pending {
        private final Question question;
        private boolean changed;

        private Pending(Question question) {
            this.question = question;
        }

        /** The answer has come. */
        void take(RangeResponse response) {
            lock.lock();
            try {
                pending.remove(this);
                if (!changed) {
                    put(question, response);
                }
            } finally {
                lock.unlock();
            }
        }

        /** There will be none. */
        void drop() {
            lock.lock();
            try {
                pending.remove(this);
            } finally {
                lock.unlock();
            }
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final LinkedHashMap<Question, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

    /** The questions of {@link #entries} that a write may change: about single keys by key, the others one by one. */
    private final NavigableMap<ByteString, Set<Question>> singles =
            new TreeMap<>(ByteString.unsignedLexicographicalComparator());

    private final Set<Question> ranges = new HashSet<>();
    private final Set<Pending> pending = new HashSet<>();
    private long bytes;
    private long compactedRevision;

    /** True when what the request asks for is known to be gone. */
    boolean isCompacted(RangeRequest request) {
        lock.lock();
        try {
            return request.getRevision() > 0 && request.getRevision() < compactedRevision;
        } finally {
            lock.unlock();
        }
    }

    /** Null when there is none. */
    @Nullable
    RangeResponse get(RangeRequest request, String token) {
        lock.lock();
        try {
            Entry entry = entries.get(question(request, token));
            return entry == null ? null : entry.response();
        } finally {
            lock.unlock();
        }
    }

    /** To be called before the request goes to the members. */
    Pending await(RangeRequest request, String token) {
        Pending awaited = new Pending(question(request, token));
        lock.lock();
        try {
            pending.add(awaited);
        } finally {
            lock.unlock();
        }
        return awaited;
    }

    /** A linearizable answer is as good as another one for those who do not ask for it. */
    private static Question question(RangeRequest request, String token) {
        return new Question(
                request.getSerializable()
                        ? request
                        : request.toBuilder().setSerializable(true).build(),
                token);
    }

    /**
     * A range may be changed, or has just been.
     *
     * @param end empty for a single key
     */
    void invalidate(ByteString key, ByteString end) {
        lock.lock();
        try {
            for (Pending awaited : pending) {
                awaited.changed |= isCurrent(awaited.question) && awaited.question.touches(key, end);
            }
            List<Question> touched = new ArrayList<>();
            if (end.isEmpty()) {
                touched.addAll(singles.getOrDefault(key, Set.of()));
            } else {
                NavigableMap<ByteString, Set<Question>> from = singles.tailMap(key, true);
                for (Map.Entry<ByteString, Set<Question>> at : from.entrySet()) {
                    if (!end.equals(NO_END) && compare(at.getKey(), end) >= 0) {
                        break;
                    }
                    touched.addAll(at.getValue());
                }
            }
            for (Question question : ranges) {
                if (question.touches(key, end)) {
                    touched.add(question);
                }
            }
            touched.forEach(this::remove);
        } finally {
            lock.unlock();
        }
    }

    /** What is older than the revision is gone. */
    void compact(long revision) {
        lock.lock();
        try {
            compactedRevision = Math.max(compactedRevision, revision);
            List<Question> gone = new ArrayList<>();
            for (Question question : entries.keySet()) {
                if (!isCurrent(question) && question.request().getRevision() < compactedRevision) {
                    gone.add(question);
                }
            }
            gone.forEach(this::remove);
        } finally {
            lock.unlock();
        }
    }

    int size() {
        lock.lock();
        try {
            return entries.size();
        } finally {
            lock.unlock();
        }
    }

    private void put(Question question, RangeResponse response) {
        long size = (long) response.getSerializedSize() + question.request().getSerializedSize();
        long revision = question.request().getRevision();
        if (size > ANSWER_BYTES_MAX || (revision > 0 && revision < compactedRevision)) {
            return;
        }
        remove(question);
        entries.put(question, new Entry(response, size));
        bytes += size;
        if (isCurrent(question)) {
            if (question.single()) {
                singles.computeIfAbsent(question.request().getKey(), key -> new HashSet<>())
                        .add(question);
            } else {
                ranges.add(question);
            }
        }
        while (entries.size() > ENTRIES_MAX || bytes > BYTES_MAX) {
            Iterator<Question> oldest = entries.keySet().iterator();
            remove(oldest.next());
        }
    }

    private void remove(Question question) {
        Entry entry = entries.remove(question);
        if (entry == null) {
            return;
        }
        bytes -= entry.bytes();
        ranges.remove(question);
        ByteString key = question.request().getKey();
        Set<Question> same = singles.get(key);
        if (same != null && same.remove(question) && same.isEmpty()) {
            singles.remove(key);
        }
    }

    /** What was at a revision of the past does not change any more. */
    private static boolean isCurrent(Question question) {
        return question.request().getRevision() <= 0;
    }

    private static boolean overlap(ByteString key, ByteString end, ByteString otherKey, ByteString otherEnd) {
        return isBefore(key, otherKey, otherEnd) && isBefore(otherKey, key, end);
    }

    /** Whether a range that starts at {@code start} starts before the end of another one. */
    private static boolean isBefore(ByteString start, ByteString key, ByteString end) {
        if (end.isEmpty()) {
            return compare(start, key) <= 0;
        }
        return end.equals(NO_END) || compare(start, end) < 0;
    }

    private static int compare(ByteString one, ByteString other) {
        return ByteString.unsignedLexicographicalComparator().compare(one, other);
    }
}
