package dev.cairn.server.net;

import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Connection;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Error;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Exception;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2FrameListener;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Headers;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/**
 * Refuses messages beyond the limit as soon as their length is known, in the words of etcd's RPC library: those of the library used
 * here are others, and it offers no place to change them. Confined to the event loop of its connection.
 */
final class MessageLimit extends Http2FrameListenerDecorator {
    private final GrpcHttp2ConnectionHandler grpc;
    private final Http2Connection.PropertyKey key;
    private final long bytesMax;

    private MessageLimit(GrpcHttp2ConnectionHandler grpc, Http2FrameListener inner, long bytesMax) {
        super(inner);
        this.grpc = grpc;
        this.key = grpc.connection().newKey();
        this.bytesMax = bytesMax;
    }

    static void install(GrpcHttp2ConnectionHandler grpc, long bytesMax) {
        grpc.decoder().frameListener(new MessageLimit(grpc, grpc.decoder().frameListener(), bytesMax));
    }

    /** Where the messages of one stream begin and end. */
    private static final class Progress {
        /** One byte that tells of compression, four of length. */
        private static final int PREFIX_BYTES = 5;

        private int prefixBytes;
        private long length;
        private long remaining;

        /** Goes on over the bytes; the length of the first message that begins in them and is longer than allowed, or -1. */
        long advance(ByteBuf data, long bytesMax) {
            int at = data.readerIndex();
            int end = data.writerIndex();
            while (at < end) {
                if (remaining > 0) {
                    long step = Math.min(remaining, end - at);
                    remaining -= step;
                    at += (int) step;
                    continue;
                }
                int next = data.getUnsignedByte(at++);
                length = prefixBytes == 0 ? 0 : length << Byte.SIZE | next;
                if (++prefixBytes == PREFIX_BYTES) {
                    prefixBytes = 0;
                    if (length > bytesMax) {
                        return length;
                    }
                    remaining = length;
                }
            }
            return -1;
        }
    }

    @Override
    public int onDataRead(ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean endOfStream)
            throws Http2Exception {
        Http2Stream stream = grpc.connection().stream(streamId);
        if (stream != null) {
            long tooLong = progress(stream).advance(data, bytesMax);
            if (tooLong >= 0) {
                int read = data.readableBytes() + padding;
                refuse(ctx, stream, tooLong);
                return read;
            }
        }
        return super.onDataRead(ctx, streamId, data, padding, endOfStream);
    }

    private Progress progress(Http2Stream stream) {
        @Nullable Progress known = stream.getProperty(key);
        if (known == null) {
            known = new Progress();
            stream.setProperty(key, known);
        }
        return known;
    }

    private void refuse(ChannelHandlerContext ctx, Http2Stream stream, long length) throws Http2Exception {
        Http2Headers ending = new DefaultHttp2Headers(false);
        if (!stream.isHeadersSent()) {
            ending.status("200").set("content-type", "application/grpc");
        }
        ending.set("grpc-status", Integer.toString(Status.Code.RESOURCE_EXHAUSTED.value()))
                .set("grpc-message", "grpc: received message larger than max (" + length + " vs. " + bytesMax + ")");
        int streamId = stream.id();
        // For the call this is as if its client had given it up.
        super.onRstStreamRead(ctx, streamId, Http2Error.CANCEL.code());
        grpc.encoder().writeHeaders(ctx, streamId, ending, 0, true, ctx.newPromise());
        grpc.resetStream(ctx, streamId, Http2Error.NO_ERROR.code(), ctx.newPromise());
        ctx.flush();
    }
}
