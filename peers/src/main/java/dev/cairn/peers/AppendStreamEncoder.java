package dev.cairn.peers;

import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.Message;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import java.util.List;

/** Writes an append stream ({@link AppendStreamFormat}). Confined to the connection's event loop. */
final class AppendStreamEncoder implements StreamEncoder {
    private long term;
    private long index;

    @Override
    public void encode(Message message, ByteBuf out) {
        if (LinkHeartbeat.is(message)) {
            out.writeByte(AppendStreamFormat.LINK_HEARTBEAT);
            return;
        }
        List<Entry> entries = message.entries();
        if (message.index() == index && message.logTerm() == term && message.term() == term) {
            out.writeByte(AppendStreamFormat.SHORT_APPEND);
            out.writeLong(entries.size());
            for (int i = 0; i < entries.size(); i++) {
                Entry entry = entries.get(i);
                long bytes = MessageFormat.sizeOf(entry);
                out.ensureWritable(Math.toIntExact(Long.BYTES + bytes));
                out.writeLong(bytes);
                MessageFormat.write(entry, out);
            }
            out.writeLong(message.commit());
            index += entries.size();
            return;
        }
        out.writeByte(AppendStreamFormat.FULL_APPEND);
        MessageStreamFormat.write(message, out);
        term = message.term();
        index = entries.isEmpty()
                ? message.index()
                : entries.get(entries.size() - 1).index();
    }
}
