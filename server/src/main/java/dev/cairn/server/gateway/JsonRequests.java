package dev.cairn.server.gateway;

import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one call, read from JSON when they are wanted. One that cannot be read is the last: what comes behind it is not looked
 * at. Confined to the event loop of the call.
 */
final class JsonRequests<Q> implements GatewayCall.Requests<Q> {
    private final JsonValues values;
    private final MessageReader reader;
    private final Message prototype;
    private @Nullable Q only;
    private boolean one;
    private boolean over;
    private boolean starved;
    private Runnable whenTaken = () -> {};

    JsonRequests(JsonValues values, MessageReader reader, MethodDescriptor<Q, ?> method) {
        this.values = values;
        this.reader = reader;
        if (!(method.getRequestMarshaller() instanceof PrototypeMarshaller<Q> known)
                || !(known.getMessagePrototype() instanceof Message message)) {
            throw new IllegalArgumentException("no message is known for " + method.getFullMethodName());
        }
        this.prototype = message;
    }

    /** To be told of each request that is taken. */
    void whenTaken(Runnable task) {
        whenTaken = task;
    }

    /** More of the JSON has come. What comes behind the last request is dropped. */
    void add(byte[] json) {
        starved = false;
        if (!over && !one) {
            values.add(json);
        }
    }

    /** Whether one was asked for, and what has come since is only a part of it. */
    boolean isStarved() {
        return starved;
    }

    /** How many bytes have come and wait to be taken. */
    int held() {
        return over || one ? 0 : values.held();
    }

    /**
     * Takes the first value as the only request, or an empty one where there is none.
     *
     * @return whether there is one now
     */
    boolean takeOnly() throws BadJson {
        byte[] json = values.next();
        if (json == null && !values.isComplete()) {
            starved = true;
            return false;
        }
        only = typed(json == null ? prototype : reader.read(json, prototype));
        one = true;
        return true;
    }

    @Override
    public @Nullable Q next() {
        if (over) {
            return null;
        }
        if (one) {
            Q request = only;
            only = null;
            over = true;
            return request;
        }
        try {
            byte[] json = values.next();
            if (json != null) {
                Q request = typed(reader.read(json, prototype));
                whenTaken.run();
                return request;
            }
            over = values.isComplete();
            starved = true;
        } catch (BadJson e) {
            over = true;
        }
        return null;
    }

    @Override
    public boolean isOver() {
        return over;
    }

    @SuppressWarnings("unchecked") // The prototype is the method's own.
    private Q typed(Message message) {
        return (Q) message;
    }
}
