package dev.cairn.server.peer;

import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.metrics.Counter;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices a leader that is late with its heartbeats: it counts each that leaves more than two intervals after the one before, and
 * says so as etcd does. Confined to the Raft loop.
 */
public final class HeartbeatWatch {
    private static final Logger LOG = LoggerFactory.getLogger(HeartbeatWatch.class);

    private final long intervalNanos;
    private final Counter late;
    private final Map<Long, Long> sentNanos = new HashMap<>();
    private long term;

    /** @param late counts heartbeats that left too late */
    public HeartbeatWatch(long intervalMillis, Counter late) {
        this.intervalNanos = TimeUnit.MILLISECONDS.toNanos(intervalMillis);
        this.late = late;
    }

    /** These messages leave now. */
    public void sending(List<Message> messages, long nowNanos) {
        for (Message message : messages) {
            if (message.type() == MessageType.HEARTBEAT) {
                sending(message, nowNanos);
            }
        }
    }

    private void sending(Message message, long nowNanos) {
        if (message.term() != term) {
            // Between two terms of leadership nobody is owed any.
            term = message.term();
            sentNanos.clear();
        }
        Long before = sentNanos.put(message.to(), nowNanos);
        if (before == null || nowNanos - before <= 2 * intervalNanos) {
            return;
        }
        late.increment();
        LOG.atWarn()
                .setMessage(
                        "leader failed to send out heartbeat on time; took too long, leader is overloaded likely from"
                                + " slow disk")
                .addKeyValue("to", Long.toHexString(message.to()))
                .addKeyValue("heartbeat-interval", ServerConfig.format(Duration.ofNanos(intervalNanos)))
                .addKeyValue("expected-duration", ServerConfig.format(Duration.ofNanos(2 * intervalNanos)))
                .addKeyValue(
                        "exceeded-duration",
                        ServerConfig.format(Duration.ofNanos(nowNanos - before - 2 * intervalNanos)))
                .log();
    }
}
