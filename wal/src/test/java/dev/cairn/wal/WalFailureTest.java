package dev.cairn.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.SnapshotMetadata;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that is full or broken: the first failure is the last thing the log does. */
class WalFailureTest {
    @TempDir
    Path temp;

    private final Disk disk = new Disk();
    private final WalOptions options = Logs.SMALL.withFiles((file, how) -> disk.wrap(WalFiles.REAL.open(file, how)));

    @Test
    void shouldStopForGoodWhenTheDiskIsFull() throws IOException {
        Path log = temp.resolve("wal");
        WalWriter writer = WalWriter.create(log, Logs.METADATA, options);
        writer.append(List.of(Logs.entry(1, 1, "durable")), Logs.state(1, 0));
        writer.sync();
        disk.bytesLeft = 1000;
        assertThatThrownBy(() -> writer.append(List.of(Logs.entry(1, 2, "x".repeat(2000))), Logs.state(1, 1)))
                .isInstanceOf(IOException.class)
                .hasMessage(Disk.FULL);

        disk.bytesLeft = Long.MAX_VALUE;
        assertPoisoned(writer);
        writer.close();
        assertThat(WalRepair.repair(log)).isTrue();
        assertThat(Logs.read(log, 0, 0).entries()).containsExactly(Logs.entry(1, 1, "durable"));
    }

    @Test
    void shouldNeverRepeatAFailedSync() throws IOException {
        WalWriter writer = WalWriter.create(temp.resolve("wal"), Logs.METADATA, options);
        writer.append(List.of(Logs.entry(1, 1, "a")), Logs.state(1, 0));
        disk.syncFails = true;
        assertThatThrownBy(writer::sync).isInstanceOf(IOException.class).hasMessage(Disk.BROKEN);

        disk.syncFails = false;
        int syncs = disk.syncs;
        assertPoisoned(writer);
        writer.close();
        assertThat(disk.syncs).isEqualTo(syncs);
    }

    @Test
    void shouldStopWhenASegmentCannotBeCut() throws IOException {
        WalWriter writer = WalWriter.create(temp.resolve("wal"), Logs.METADATA, options);
        writer.append(List.of(Logs.entry(1, 1, "a")), Logs.state(1, 0));
        writer.sync();
        disk.bytesLeft = 0;
        assertThatThrownBy(writer::cutSegment).isInstanceOf(IOException.class);

        disk.bytesLeft = Long.MAX_VALUE;
        assertPoisoned(writer);
        writer.close();
        assertThat(Logs.read(temp.resolve("wal"), 0, 0).entries()).hasSize(1);
    }

    @Test
    void shouldNotFailWhenOnlyTheHelperDoes() throws IOException {
        // Zeros ahead of the log are a matter of speed.
        WalWriter writer = WalWriter.create(temp.resolve("wal"), Logs.METADATA, options.withSegmentBytes(4 << 20));
        disk.bytesLeft = 3000;
        writer.append(List.of(Logs.entry(1, 1, "a")), Logs.state(1, 0));
        disk.bytesLeft = Long.MAX_VALUE;
        writer.sync();
        writer.append(List.of(Logs.entry(1, 2, "b")), Logs.state(1, 1));
        writer.close();

        assertThat(Logs.read(temp.resolve("wal"), 0, 0).entries()).hasSize(2);
    }

    @Test
    void shouldLeaveNoLogWhenCreationFails() throws IOException {
        disk.bytesLeft = 100;
        assertThatThrownBy(() -> WalWriter.create(temp.resolve("wal"), Logs.METADATA, options))
                .isInstanceOf(IOException.class);
        assertThat(WalDirectory.exists(temp.resolve("wal"))).isFalse();

        disk.bytesLeft = Long.MAX_VALUE;
        WalWriter.create(temp.resolve("wal"), Logs.METADATA, options).close();
        assertThat(WalDirectory.exists(temp.resolve("wal"))).isTrue();
    }

    private static void assertPoisoned(WalWriter writer) {
        assertThatThrownBy(() -> writer.append(List.of(), Logs.state(1, 1))).isInstanceOf(WalException.Poisoned.class);
        assertThatThrownBy(writer::sync).isInstanceOf(WalException.Poisoned.class);
        assertThatThrownBy(() -> writer.saveSnapshot(new SnapshotMetadata(ConfState.ofVoters(1), 1, 1)))
                .isInstanceOf(WalException.Poisoned.class);
        assertThatThrownBy(() -> writer.release(1)).isInstanceOf(WalException.Poisoned.class);
        assertThatThrownBy(writer::cutSegment).isInstanceOf(WalException.Poisoned.class);
    }

    /** A disk with room for so many more bytes. */
    private static final class Disk {
        static final String FULL = "No space left on device";
        static final String BROKEN = "Input/output error";

        private volatile long bytesLeft = Long.MAX_VALUE;
        private volatile boolean syncFails;
        private volatile int syncs;

        FileChannel wrap(FileChannel file) {
            return new DiskChannel(file, this);
        }

        /** How much of the bytes may be written; a disk that becomes full by it is full at the end of a sector. */
        int take(ByteBuffer bytes, long position) throws IOException {
            int taken = bytes.remaining();
            if (taken > bytesLeft) {
                taken = (int) Math.max(0, bytesLeft - (position + bytesLeft) % WalFormat.SECTOR_BYTES);
                bytesLeft = taken;
            }
            if (taken == 0) {
                throw new IOException(FULL);
            }
            bytesLeft -= taken;
            return taken;
        }

        void sync() throws IOException {
            syncs++;
            if (syncFails) {
                throw new IOException(BROKEN);
            }
        }
    }

    /** Writes and syncs through the disk's limits; the rest goes to the file. */
    private static final class DiskChannel extends FileChannel {
        private final FileChannel file;
        private final Disk disk;

        DiskChannel(FileChannel file, Disk disk) {
            this.file = file;
            this.disk = disk;
        }

        @Override
        public int write(ByteBuffer bytes, long position) throws IOException {
            int taken = disk.take(bytes, position);
            ByteBuffer part = bytes.slice(bytes.position(), taken);
            int written = file.write(part, position);
            bytes.position(bytes.position() + written);
            return written;
        }

        @Override
        public void force(boolean metaData) throws IOException {
            disk.sync();
            file.force(metaData);
        }

        @Override
        public int read(ByteBuffer bytes, long position) throws IOException {
            return file.read(bytes, position);
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public FileChannel truncate(long size) throws IOException {
            file.truncate(size);
            return this;
        }

        @Override
        public @Nullable FileLock tryLock(long position, long size, boolean shared) throws IOException {
            return file.tryLock(position, size, shared);
        }

        @Override
        protected void implCloseChannel() throws IOException {
            file.close();
        }

        @Override
        public int read(ByteBuffer bytes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long read(ByteBuffer[] bytes, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int write(ByteBuffer bytes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long write(ByteBuffer[] bytes, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long position() {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileChannel position(long position) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel target) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferFrom(ReadableByteChannel source, long position, long count) {
            throw new UnsupportedOperationException();
        }

        @Override
        public MappedByteBuffer map(MapMode mode, long position, long size) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileLock lock(long position, long size, boolean shared) {
            throw new UnsupportedOperationException();
        }
    }
}
