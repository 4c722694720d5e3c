package dev.cairn.watch;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.mvcc.Event;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.Event.EventType;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * An event together with its encoding, both shared by every response that carries it. Thread-safe: encodings are immutable,
 * and threads that race to make one make the same bytes.
 */
final class SharedEvent {
    /** What an event takes besides its bytes: this object, the event, its revision and the strings' own headers. */
    private static final int OVERHEAD_BYTES = 192;

    private static final int EVENT_TAG_SIZE = CodedOutputStream.computeTagSize(WatchResponse.EVENTS_FIELD_NUMBER);
    private static final int LENGTH_DELIMITED = 2;

    private final Event event;
    private @Nullable ByteString encoded;

    /** The encoding with the previous value, as long as {@link PreviousValues} keeps it. */
    private volatile @Nullable ByteString withPrevious;

    SharedEvent(Event event) {
        this.event = event;
    }

    Event event() {
        return event;
    }

    /** The main revision of the event. */
    long revision() {
        return event.revision().main();
    }

    /** What it costs to keep the event in memory, in bytes. */
    int cost() {
        return OVERHEAD_BYTES + event.key().size() + event.keyValue().size();
    }

    /** The event as a field of the response, tag and length included. */
    ByteString encoded() {
        ByteString known = encoded;
        if (known == null) {
            known = encode(null);
            encoded = known;
        }
        return known;
    }

    @Nullable
    ByteString withPrevious() {
        return withPrevious;
    }

    void keepWithPrevious(@Nullable ByteString bytes) {
        withPrevious = bytes;
    }

    /** Like {@link #encoded}, and with the key-value that the event replaced. */
    ByteString encode(@Nullable ByteString previous) {
        ByteString keyValue = event.keyValue();
        int type = event.delete() ? EventType.DELETE_VALUE : EventType.PUT_VALUE;
        int length = (event.delete()
                        ? CodedOutputStream.computeEnumSize(dev.cairn.proto.mvccpb.Event.TYPE_FIELD_NUMBER, type)
                        : 0)
                + CodedOutputStream.computeBytesSize(dev.cairn.proto.mvccpb.Event.KV_FIELD_NUMBER, keyValue)
                + (previous == null
                        ? 0
                        : CodedOutputStream.computeBytesSize(
                                dev.cairn.proto.mvccpb.Event.PREV_KV_FIELD_NUMBER, previous));
        int size = EVENT_TAG_SIZE + CodedOutputStream.computeUInt32SizeNoTag(length) + length;
        byte[] bytes = new byte[size];
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            out.writeTag(WatchResponse.EVENTS_FIELD_NUMBER, LENGTH_DELIMITED);
            out.writeUInt32NoTag(length);
            if (event.delete()) {
                out.writeEnum(dev.cairn.proto.mvccpb.Event.TYPE_FIELD_NUMBER, type);
            }
            out.writeBytes(dev.cairn.proto.mvccpb.Event.KV_FIELD_NUMBER, keyValue);
            if (previous != null) {
                out.writeBytes(dev.cairn.proto.mvccpb.Event.PREV_KV_FIELD_NUMBER, previous);
            }
            out.checkNoSpaceLeft();
        } catch (IOException e) {
            throw new IllegalStateException("an event of " + size + " bytes did not fit its own size", e);
        }
        return UnsafeByteOperations.unsafeWrap(bytes);
    }
}
