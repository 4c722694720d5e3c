package dev.cairn.watch;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.OutputStream;

/**
 * An encoded {@code etcdserverpb.WatchResponse}: the fields of this one response, and behind them the events, whose bytes are
 * shared by all the responses that carry them. Immutable.
 */
public final class EncodedResponse {
    private final ByteString head;
    private final ByteString[] events;
    private final int size;

    /** Takes over the array. */
    EncodedResponse(ByteString head, ByteString[] events, int size) {
        this.head = head;
        this.events = events;
        this.size = size;
    }

    /** The number of encoded bytes. */
    public int size() {
        return size;
    }

    /** The number of events in it. */
    public int events() {
        return events.length;
    }

    /** Writes exactly {@link #size} bytes. */
    public void writeTo(OutputStream out) throws IOException {
        head.writeTo(out);
        for (ByteString event : events) {
            event.writeTo(out);
        }
    }

    /** The whole response in one piece. Copies. */
    public ByteString toByteString() {
        ByteString.Output out = ByteString.newOutput(size);
        try {
            writeTo(out);
        } catch (IOException e) {
            throw new IllegalStateException("a buffer in memory failed", e);
        }
        return out.toByteString();
    }
}
