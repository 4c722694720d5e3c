package dev.cairn.peers;

import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.ByteBufAllocator;
import io.grpc.netty.shaded.io.netty.buffer.CompositeByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that have come and are not decoded yet, kept as they came: a message in many pieces is not copied together. Confined to the
 * connection's event loop. Bounded by whoever decodes, who refuses a length that is too large as soon as it stands there.
 */
final class Accumulator {
    private final ByteBufAllocator allocator;
    private @Nullable ByteBuf pending;

    Accumulator(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    /** Takes over a reference to more bytes. */
    void add(ByteBuf more) {
        ByteBuf before = pending;
        if (!more.isReadable()) {
            more.release();
        } else if (before == null) {
            pending = more;
        } else if (before instanceof CompositeByteBuf composite) {
            composite.addFlattenedComponents(true, more);
        } else {
            CompositeByteBuf composite = allocator.compositeBuffer(Integer.MAX_VALUE);
            composite.addFlattenedComponents(true, before);
            composite.addFlattenedComponents(true, more);
            pending = composite;
        }
    }

    /** What there is, to read from; null if there is nothing. */
    @Nullable
    ByteBuf bytes() {
        return pending;
    }

    int size() {
        ByteBuf there = pending;
        return there == null ? 0 : there.readableBytes();
    }

    /** Lets go of what has been read. */
    void discardRead() {
        ByteBuf there = pending;
        if (there == null) {
            return;
        }
        if (!there.isReadable()) {
            release();
        } else if (there instanceof CompositeByteBuf composite) {
            composite.discardReadComponents();
        }
    }

    void release() {
        ByteBuf there = pending;
        pending = null;
        if (there != null) {
            there.release();
        }
    }
}
