package dev.cairn.raft;

import dev.cairn.raft.message.Message;
import java.util.ArrayList;
import java.util.List;

/**
 * Messages that wait for the next {@link Ready}, in two queues: those that may leave whatever the disk does, and those
 * that promise something about the disk.
 *
 * <p>Confined to the machine. An acceptance of entries, a vote and a pre-vote may be sent only after the state that they
 * speak of is durable. A refusal and a pre-vote promise nothing, but they keep their place in the same queue, so that
 * the answers of a node arrive in the order in which it gave them. Answers to the node itself are part of that: its own
 * acceptance and its own vote count only once they are durable, like everybody else's.
 */
final class Outbox {
    private final long id;
    private List<Message> atOnce = new ArrayList<>();
    private List<Message> afterAppend = new ArrayList<>();

    Outbox(long id) {
        this.id = id;
    }

    void add(Message message) {
        switch (message.type()) {
            case APP_RESP, VOTE_RESP, PRE_VOTE_RESP -> afterAppend.add(message);
            default -> {
                if (message.to() == id) {
                    throw new IllegalStateException("message should not be self-addressed when sending "
                            + message.type().wireName());
                }
                atOnce.add(message);
            }
        }
    }

    boolean isEmpty() {
        return atOnce.isEmpty() && afterAppend.isEmpty();
    }

    List<Message> atOnce() {
        return atOnce;
    }

    List<Message> afterAppend() {
        return afterAppend;
    }

    void clear() {
        atOnce = new ArrayList<>();
        afterAppend = new ArrayList<>();
    }
}
