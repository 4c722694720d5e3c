package dev.cairn.peers;

import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads an append stream ({@link AppendStreamFormat}). Confined to the connection's event loop.
 *
 * <p>A short append does not say how long it is. So its entries are taken as they come, and a message that arrives in a thousand pieces is
 * not walked through a thousand times.
 */
final class AppendStreamDecoder implements StreamDecoder {
    private final long local;
    private final long remote;
    private long term;
    private long index;

    /** A short append that has begun: its entries so far, and how many are to come. */
    private @Nullable List<Entry> entries;

    private long entriesLeft;
    private long entryBytes;

    AppendStreamDecoder(long local, long remote) {
        this.local = local;
        this.remote = remote;
    }

    @Override
    public @Nullable Message decode(ByteBuf in) throws MalformedMessageException {
        List<Entry> begun = entries;
        if (begun != null) {
            return shortAppend(in, begun);
        }
        if (!in.isReadable()) {
            return null;
        }
        byte type = in.getByte(in.readerIndex());
        switch (type) {
            case AppendStreamFormat.LINK_HEARTBEAT -> {
                in.skipBytes(1);
                return LinkHeartbeat.MESSAGE;
            }
            case AppendStreamFormat.SHORT_APPEND -> {
                if (in.readableBytes() < 1 + Long.BYTES) {
                    return null;
                }
                in.skipBytes(1);
                entriesLeft = in.readLong();
                if (entriesLeft < 0) {
                    throw new MalformedMessageException(
                            "an append of " + Long.toUnsignedString(entriesLeft) + " entries");
                }
                entryBytes = 0;
                List<Entry> fresh = new ArrayList<>();
                entries = fresh;
                return shortAppend(in, fresh);
            }
            case AppendStreamFormat.FULL_APPEND -> {
                return fullAppend(in);
            }
            default -> throw new MalformedMessageException("failed to parse type " + type + " in msgappv2 stream");
        }
    }

    private @Nullable Message shortAppend(ByteBuf in, List<Entry> begun) throws MalformedMessageException {
        while (entriesLeft > 0) {
            if (in.readableBytes() < Long.BYTES) {
                return null;
            }
            long length = in.getLong(in.readerIndex());
            // Even an entry without any bytes takes some of the budget, or a false count would fill the memory.
            if (length < 0 || entryBytes + Long.BYTES + length > MessageFormat.MESSAGE_BYTES_MAX) {
                throw new MalformedMessageException(
                        "an append of more than " + MessageFormat.MESSAGE_BYTES_MAX + " bytes");
            }
            if (in.readableBytes() - Long.BYTES < length) {
                return null;
            }
            in.skipBytes(Long.BYTES);
            begun.add(MessageFormat.readEntry(in, (int) length));
            entryBytes += Long.BYTES + length;
            entriesLeft--;
        }
        if (in.readableBytes() < Long.BYTES) {
            return null;
        }
        long commit = in.readLong();
        if (commit < 0) {
            throw new MalformedMessageException("term or index out of range: " + Long.toUnsignedString(commit));
        }
        Message message = Message.builder(MessageType.APP)
                .to(local)
                .from(remote)
                .term(term)
                .log(term, index)
                .entries(begun)
                .commit(commit)
                .build();
        index += begun.size();
        entries = null;
        return message;
    }

    private @Nullable Message fullAppend(ByteBuf in) throws MalformedMessageException {
        int start = in.readerIndex();
        in.skipBytes(1);
        Message message = MessageStreamFormat.read(in, MessageFormat.MESSAGE_BYTES_MAX);
        if (message == null) {
            in.readerIndex(start);
            return null;
        }
        List<Entry> all = message.entries();
        term = message.term();
        index = all.isEmpty() ? message.index() : all.get(all.size() - 1).index();
        return message;
    }
}
