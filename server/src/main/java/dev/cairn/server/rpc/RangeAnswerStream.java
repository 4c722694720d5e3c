package dev.cairn.server.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import dev.cairn.mvcc.KvException;
import dev.cairn.mvcc.RangeRest;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.Collections;
import java.util.Iterator;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A {@link RangeAnswer} that is encoded as the transport takes it, whole or piece by piece: a long one that waits for a slow
 * client costs its key-values and no copy of them, and of a very long one only those that are next. One thread at a time.
 *
 * <p>The key-values are encoded already. On the wire an embedded message is its bytes behind tag and length, so that is all that is
 * written of them.
 */
final class RangeAnswerStream extends InputStream implements KnownLength, Drainable, ReadableByteChannel {
    /** Of the rest, for those who take all at once. */
    private static final int PIECE_BYTES = 16 << 10;

    private final @Nullable RangeRest rest;
    private int left;
    private boolean closed;

    /** Those that are kept and have not begun. What is gone is let go, and the answer itself at once: the rest may be long under way. */
    private Iterator<ByteString> keyValues;

    private final ByteBuffer end;
    private boolean endBegun;

    // What goes out next: first the rest of the fields, then the rest of the key-value.
    private ByteBuffer fields;
    private ByteString keyValue = ByteString.EMPTY;
    private int keyValueGone;

    RangeAnswerStream(RangeAnswer answer) {
        this.rest = answer.result().rest();
        this.keyValues = answer.result().keyValues().iterator();
        this.left = Math.toIntExact(answer.encodedSize());
        this.fields = encode(answer.beginSize(), answer::writeBegin);
        this.end = encode(answer.endSize(), answer::writeEnd);
    }

    private interface Fields {
        void writeTo(CodedOutputStream out) throws IOException;
    }

    private static ByteBuffer encode(int bytes, Fields written) {
        byte[] encoded = new byte[Math.max(bytes, RangeRest.PREFIX_BYTES_MAX)];
        CodedOutputStream out = CodedOutputStream.newInstance(encoded, 0, bytes);
        try {
            written.writeTo(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        out.checkNoSpaceLeft();
        return ByteBuffer.wrap(encoded, 0, bytes);
    }

    /** Begins the next of the key-values that are kept, or, behind the rest, the end; false when there is nothing more. */
    private boolean advance() {
        if (keyValues.hasNext()) {
            begin(keyValues.next());
            return true;
        }
        if (endBegun) {
            return false;
        }
        endBegun = true;
        fields = end;
        return true;
    }

    /** Whether what comes next is not kept. */
    private boolean isAtRest() {
        return rest != null && !keyValues.hasNext() && rest.hasMore();
    }

    private void readRest(ByteBuffer target) throws IOException {
        keyValues = Collections.emptyIterator();
        keyValue = ByteString.EMPTY;
        keyValueGone = 0;
        try {
            Objects.requireNonNull(rest).read(target);
        } catch (KvException e) {
            throw new IOException("the range was compacted while it was sent", e);
        }
    }

    private void begin(ByteString next) {
        keyValue = next;
        keyValueGone = 0;
        RangeRest.putPrefix(fields.clear(), next.size());
        fields.flip();
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
        int drained = left;
        boolean more = true;
        while (more) {
            target.write(fields.array(), fields.position(), fields.remaining());
            fields.position(fields.limit());
            keyValue.substring(keyValueGone).writeTo(target);
            keyValueGone = keyValue.size();
            if (isAtRest()) {
                drainRest(target);
            }
            more = advance();
        }
        left = 0;
        return drained;
    }

    private void drainRest(OutputStream target) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
        while (isAtRest()) {
            readRest(piece.clear());
            target.write(piece.array(), 0, piece.position());
        }
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        return read(ByteBuffer.wrap(target, offset, length));
    }

    /** As {@link #read(byte[], int, int)}, into whatever memory; it is filled as long as there is something left. */
    @Override
    public int read(ByteBuffer target) throws IOException {
        int wanted = target.remaining();
        while (target.hasRemaining()) {
            if (fields.hasRemaining()) {
                int some = Math.min(target.remaining(), fields.remaining());
                target.put(target.position(), fields, fields.position(), some);
                target.position(target.position() + some);
                fields.position(fields.position() + some);
            } else if (keyValueGone < keyValue.size()) {
                int some = Math.min(target.remaining(), keyValue.size() - keyValueGone);
                keyValue.substring(keyValueGone, keyValueGone + some).copyTo(target);
                keyValueGone += some;
            } else if (isAtRest()) {
                readRest(target);
            } else if (!advance()) {
                break;
            }
        }
        int done = wanted - target.remaining();
        left -= done;
        return done == 0 && wanted > 0 ? -1 : done;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int available() {
        return left;
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public void close() {
        closed = true;
        if (rest != null) {
            rest.close();
        }
    }
}
