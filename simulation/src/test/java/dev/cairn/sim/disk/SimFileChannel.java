package dev.cairn.sim.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/** An open file or directory of a {@link SimDisk}. Of no use any more once the machine has been started anew. */
final class SimFileChannel extends FileChannel {
    private final SimDisk disk;
    private final Node node;
    private final boolean writable;
    private final int start;
    private long position;

    SimFileChannel(SimDisk disk, Node node, boolean writable) {
        this.disk = disk;
        this.node = node;
        this.writable = writable;
        this.start = disk.starts();
    }

    private Node.File file() throws IOException {
        if (disk.starts() != start) {
            throw new IllegalStateException("a program of before the power cut still runs");
        }
        if (node instanceof Node.File file) {
            return file;
        }
        throw new IOException("is a directory");
    }

    @Override
    public int read(ByteBuffer into, long at) throws IOException {
        byte[] bytes = new byte[into.remaining()];
        int count = file().visible.read(at, bytes);
        if (count > 0) {
            into.put(bytes, 0, count);
        }
        return count;
    }

    @Override
    public int write(ByteBuffer from, long at) throws IOException {
        if (!writable) {
            throw new NonWritableChannelException();
        }
        byte[] bytes = new byte[from.remaining()];
        from.get(bytes);
        disk.write(file(), at, bytes);
        return bytes.length;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        int count = read(into, position);
        position += Math.max(0, count);
        return count;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        int count = write(from, position);
        position += count;
        return count;
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public FileChannel position(long newPosition) {
        position = newPosition;
        return this;
    }

    @Override
    public long size() throws IOException {
        return file().visible.size();
    }

    @Override
    public FileChannel truncate(long size) throws IOException {
        disk.truncate(file(), size);
        return this;
    }

    @Override
    public void force(boolean metaData) {
        disk.sync(node);
    }

    @Override
    public long transferTo(long at, long count, WritableByteChannel target) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(count, 1 << 16));
        int read = read(bytes, at);
        return read <= 0 ? 0 : target.write(bytes.flip());
    }

    /** One program runs on a machine, so that locks have nobody to keep out. */
    @Override
    public FileLock tryLock(long at, long size, boolean shared) {
        return new FileLock(this, at, size, shared) {
            @Override
            public boolean isValid() {
                return isOpen();
            }

            @Override
            public void release() {}
        };
    }

    @Override
    public FileLock lock(long at, long size, boolean shared) {
        return tryLock(at, size, shared);
    }

    @Override
    protected void implCloseChannel() {}

    @Override
    public long read(ByteBuffer[] into, int offset, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long write(ByteBuffer[] from, int offset, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long transferFrom(ReadableByteChannel source, long at, long count) {
        throw new UnsupportedOperationException();
    }

    @Override
    public MappedByteBuffer map(MapMode mode, long at, long size) {
        throw new UnsupportedOperationException();
    }
}
