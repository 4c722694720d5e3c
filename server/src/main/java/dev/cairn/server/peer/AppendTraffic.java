package dev.cairn.server.peer;

import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Counts and times the entries that go from leader to followers, for the statistics of the v2 API. The Raft loop tells what leaves, event
 * loops tell what comes, any thread may ask.
 *
 * <p>Bounded: of each follower the last {@value #OUTSTANDING_MAX} messages that it has not acknowledged are timed, the rate is taken over the
 * last {@value #SAMPLES_MAX} messages, and followers are forgotten with the leadership.
 */
public final class AppendTraffic {
    private static final int OUTSTANDING_MAX = 256;
    private static final int SAMPLES_MAX = 200;
    private static final long RATE_NANOS = 1_000_000_000L;

    /** About what a message is beside its entries. */
    private static final int MESSAGE_BYTES = 32;

    /**
     * What went one way.
     *
     * @param count of messages since the start
     * @param messagesPerSecond 0 when nothing went for a second, as the rate of bytes
     */
    public record Flow(long count, double messagesPerSecond, double bytesPerSecond) {}

    /**
     * How long a follower took to acknowledge entries in this term of leadership, in milliseconds.
     *
     * @param samples how many messages were acknowledged and timed
     * @param failures how many messages of any kind were dropped or lost
     */
    public record Latency(
            long samples,
            long failures,
            double current,
            double average,
            double standardDeviation,
            double minimum,
            double maximum) {
        /** Of a follower that has acknowledged nothing yet. */
        public static final Latency NONE = new Latency(0, 0, 0, 0, 0, 0, 0);
    }

    private record Sample(long nanos, long bytes) {}

    private record Outstanding(long lastIndex, long nanos) {}

    private static final class Way {
        private final ArrayDeque<Sample> samples = new ArrayDeque<>();
        private long bytes;
        private long count;

        void add(Sample sample) {
            if (samples.size() == SAMPLES_MAX) {
                bytes -= samples.remove().bytes();
            }
            samples.add(sample);
            bytes += sample.bytes();
            count++;
        }

        Flow flow(long nowNanos) {
            if (samples.isEmpty() || nowNanos - samples.getLast().nanos() > RATE_NANOS) {
                samples.clear();
                bytes = 0;
                return new Flow(count, 0, 0);
            }
            double seconds = (samples.getLast().nanos() - samples.getFirst().nanos()) / (double) RATE_NANOS;
            return seconds == 0 ? new Flow(count, 0, 0) : new Flow(count, samples.size() / seconds, bytes / seconds);
        }
    }

    private static final class Follower {
        private final ArrayDeque<Outstanding> outstanding = new ArrayDeque<>();
        private long samples;
        private long failures;
        private double current;
        private double sum;
        private double sumOfSquares;
        private double minimum = Double.MAX_VALUE;
        private double maximum;

        void acknowledged(long index, long nowNanos) {
            while (!outstanding.isEmpty() && outstanding.getFirst().lastIndex() <= index) {
                current = (nowNanos - outstanding.remove().nanos()) / 1e6;
                samples++;
                sum += current;
                sumOfSquares += current * current;
                minimum = Math.min(minimum, current);
                maximum = Math.max(maximum, current);
            }
        }

        Latency latency() {
            if (samples == 0) {
                return new Latency(0, failures, 0, 0, 0, 0, 0);
            }
            double average = sum / samples;
            double variance = Math.max(0, sumOfSquares / samples - average * average);
            return new Latency(samples, failures, current, average, Math.sqrt(variance), minimum, maximum);
        }
    }

    private final Object lock = new Object();
    private final Way sent = new Way();
    private final Way received = new Way();
    private final Map<Long, Follower> followers = new HashMap<>();
    private long term;

    /** These messages leave now. */
    public void sending(List<Message> messages, long nowNanos) {
        for (Message message : messages) {
            if (message.type() == MessageType.APP) {
                synchronized (lock) {
                    sending(message, nowNanos);
                }
            }
        }
    }

    private void sending(Message message, long nowNanos) {
        sent.add(new Sample(nowNanos, bytes(message)));
        if (message.term() != term) {
            term = message.term();
            followers.clear();
        }
        ArrayDeque<Outstanding> outstanding = followers.computeIfAbsent(message.to(), id -> new Follower()).outstanding;
        if (outstanding.size() == OUTSTANDING_MAX) {
            outstanding.remove();
        }
        outstanding.add(new Outstanding(message.index() + message.entries().size(), nowNanos));
    }

    /** This message has come. */
    public void received(Message message, long nowNanos) {
        if (message.type() == MessageType.APP) {
            synchronized (lock) {
                received.add(new Sample(nowNanos, bytes(message)));
            }
        } else if (message.type() == MessageType.APP_RESP && !message.reject()) {
            synchronized (lock) {
                Follower follower = followers.get(message.from());
                if (follower != null && message.term() == term) {
                    follower.acknowledged(message.index(), nowNanos);
                }
            }
        }
    }

    /** A message to this member was dropped or lost. */
    public void lost(long memberId) {
        synchronized (lock) {
            Follower follower = followers.get(memberId);
            if (follower != null) {
                follower.failures++;
            }
        }
    }

    public Flow sent(long nowNanos) {
        synchronized (lock) {
            return sent.flow(nowNanos);
        }
    }

    public Flow received(long nowNanos) {
        synchronized (lock) {
            return received.flow(nowNanos);
        }
    }

    public Latency latency(long memberId) {
        synchronized (lock) {
            Follower follower = followers.get(memberId);
            return follower == null ? Latency.NONE : follower.latency();
        }
    }

    private static long bytes(Message message) {
        return MESSAGE_BYTES
                + message.entries().stream().mapToLong(Entry::encodedBytes).sum();
    }
}
