package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The body of one snapshot request: a message, and behind it the database, which goes to the host's {@link SnapshotSink}. Confined to the
 * connection's event loop, but for the jobs, of which there is one at a time.
 *
 * <p>Nothing is read from the connection while a job writes what was read before, so a slow disk slows the sender down and memory holds
 * what one read of the socket brings.
 */
final class SnapshotReceiver implements RaftHttpHandler.Body {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotReceiver.class);

    /** Over all connections. Only a leader sends snapshots, so more than a few come only from somebody who means no good. */
    static final int RECEIVING_MAX = 8;

    /** The answer. */
    record Result(int status, String text) {}

    /** Hears the result, once, unless the connection is lost before. */
    @FunctionalInterface
    interface Answering {
        void answer(ChannelHandlerContext ctx, Result result);
    }

    /** Work on the sink that may block. */
    @FunctionalInterface
    private interface Job {
        void run() throws IOException;
    }

    private final ChannelHandlerContext ctx;
    private final Executor blocking;
    private final RaftHost host;
    private final Inbox inbox;
    private final PeerListener listener;
    private final AtomicInteger receiving;
    private final Answering answering;
    private final Accumulator head;
    private final long begunNanos = System.nanoTime();

    private @Nullable Message message;
    private @Nullable SnapshotSink sink;
    private List<ByteBuf> pending = new ArrayList<>();
    private boolean opened;
    private boolean committing;
    private boolean jobUnderWay;
    private boolean complete;
    private boolean over;
    private boolean counted;

    SnapshotReceiver(
            ChannelHandlerContext ctx,
            Executor blocking,
            RaftHost host,
            Inbox inbox,
            PeerListener listener,
            AtomicInteger receiving,
            Answering answering) {
        this.ctx = ctx;
        this.blocking = blocking;
        this.host = host;
        this.inbox = inbox;
        this.listener = listener;
        this.receiving = receiving;
        this.answering = answering;
        this.head = new Accumulator(ctx.alloc());
    }

    @Override
    public void take(ByteBuf part) {
        if (over) {
            part.release();
        } else if (message != null) {
            keep(part);
        } else {
            head.add(part);
            readHead();
        }
    }

    @Override
    public void end() {
        if (over) {
            return;
        }
        complete = true;
        if (message == null) {
            malformed(head.size() == 0 ? "EOF" : "unexpected EOF");
            return;
        }
        next();
    }

    @Override
    public void lost() {
        if (!over) {
            LOG.atWarn()
                    .setMessage("failed to save incoming database snapshot")
                    .addKeyValue("remote-snapshot-sender-id", sender())
                    .addKeyValue("error", "unexpected EOF")
                    .log();
            finish(false);
        }
    }

    private void readHead() {
        ByteBuf in = head.bytes();
        if (in == null) {
            return;
        }
        Message read;
        try {
            read = MessageStreamFormat.read(in, MessageStreamFormat.SNAPSHOT_MESSAGE_BYTES_MAX);
        } catch (MalformedMessageException e) {
            malformed(Failures.text(e));
            return;
        }
        if (read == null) {
            return;
        }
        Snapshot snapshot = read.snapshot();
        if (read.type() != MessageType.SNAP || snapshot == null) {
            refuse(new Result(400, "wrong raft message type\n"));
            return;
        }
        // Before the database is read, and not after it as etcd does: it would be for nothing.
        Inbox.Delivery addressed = inbox.check(read);
        if (addressed != Inbox.Delivery.TAKEN) {
            refuse(notProcessed(addressed));
            return;
        }
        message = read;
        listener.received(read.from(), MessageFormat.sizeOf(read));
        counted = true;
        listener.snapshotReceiveBegun(read.from());
        LOG.atInfo()
                .setMessage("receiving database snapshot")
                .addKeyValue("remote-snapshot-sender-id", sender())
                .addKeyValue("incoming-snapshot-index", snapshot.metadata().index())
                .log();
        if (receiving.incrementAndGet() > RECEIVING_MAX) {
            failed("too many snapshots are being received");
            return;
        }
        ctx.channel().config().setAutoRead(false);
        if (in.isReadable()) {
            keep(in.readRetainedSlice(in.readableBytes()));
        }
        head.release();
        next();
    }

    private void keep(ByteBuf part) {
        if (!part.isReadable()) {
            part.release();
            return;
        }
        pending.add(part);
        next();
    }

    /** Whatever is to be done now, if no job is under way. */
    private void next() {
        Message current = message;
        if (over || jobUnderWay || current == null) {
            return;
        }
        SnapshotSink target = sink;
        if (!opened) {
            opened = true;
            job(() -> sink = host.receiveSnapshot(current));
        } else if (target == null) {
            failed("no place for the snapshot");
        } else if (!pending.isEmpty()) {
            List<ByteBuf> parts = pending;
            pending = new ArrayList<>();
            job(() -> write(target, parts));
        } else if (complete) {
            committing = true;
            job(target::commit);
        } else {
            ctx.read();
        }
    }

    private void write(SnapshotSink target, List<ByteBuf> parts) throws IOException {
        long bytes = 0;
        try {
            for (ByteBuf part : parts) {
                bytes += part.readableBytes();
                for (ByteBuffer view : part.nioBuffers()) {
                    target.write(view);
                }
            }
        } finally {
            parts.forEach(ByteBuf::release);
        }
        Message current = message;
        if (current != null) {
            listener.received(current.from(), bytes);
        }
    }

    private void job(Job work) {
        jobUnderWay = true;
        try {
            blocking.execute(() -> {
                String failure = null;
                try {
                    work.run();
                } catch (IOException | RuntimeException e) {
                    failure = Failures.text(e);
                }
                String reason = failure;
                ctx.executor().execute(() -> jobEnded(reason));
            });
        } catch (RejectedExecutionException e) {
            jobEnded(Failures.text(e));
        }
    }

    private void jobEnded(@Nullable String failure) {
        jobUnderWay = false;
        if (over) {
            // The connection was lost meanwhile.
            abort();
        } else if (failure != null) {
            failed(failure);
        } else if (committing) {
            deliver();
        } else {
            next();
        }
    }

    private void deliver() {
        Message current = message;
        if (current == null) {
            return;
        }
        Inbox.Delivery delivery = inbox.deliver(current);
        boolean taken = delivery == Inbox.Delivery.TAKEN;
        sink = null;
        finish(taken);
        answering.answer(ctx, taken ? new Result(204, "") : notProcessed(delivery));
    }

    private static Result notProcessed(Inbox.Delivery delivery) {
        return new Result(500, "failed to process raft message (" + delivery.text() + ")\n");
    }

    private void malformed(String reason) {
        listener.receiveFailed(String.valueOf(ctx.channel().remoteAddress()));
        LOG.atWarn()
                .setMessage("failed to decode Raft message")
                .addKeyValue("remote", ctx.channel().remoteAddress())
                .addKeyValue("error", reason)
                .log();
        refuse(new Result(400, "failed to decode raft message (" + reason + ")\n"));
    }

    private void failed(String reason) {
        LOG.atWarn()
                .setMessage("failed to save incoming database snapshot")
                .addKeyValue("remote-snapshot-sender-id", sender())
                .addKeyValue("error", reason)
                .log();
        refuse(new Result(500, "failed to save KV snapshot (" + reason + ")\n"));
    }

    private void refuse(Result result) {
        finish(false);
        answering.answer(ctx, result);
    }

    private String sender() {
        Message current = message;
        return current == null ? "unknown" : Long.toHexString(current.from());
    }

    private void finish(boolean saved) {
        over = true;
        head.release();
        pending.forEach(ByteBuf::release);
        pending = new ArrayList<>();
        Message current = message;
        if (counted && current != null) {
            receiving.decrementAndGet();
            listener.snapshotReceiveEnded(current.from(), saved, System.nanoTime() - begunNanos);
        } else {
            listener.snapshotRefused();
        }
        ctx.channel().config().setAutoRead(true);
        if (!jobUnderWay) {
            abort();
        }
    }

    /** Removes what there is of a database that will not be complete. A sink that failed to commit has done so itself. */
    private void abort() {
        SnapshotSink target = sink;
        sink = null;
        if (target == null || committing) {
            return;
        }
        try {
            blocking.execute(target::abort);
        } catch (RejectedExecutionException e) {
            // The host is stopping, and removes what it finds when it starts.
            LOG.atDebug()
                    .setMessage("left an incomplete database snapshot")
                    .addKeyValue("error", Failures.text(e))
                    .log();
        }
    }
}
