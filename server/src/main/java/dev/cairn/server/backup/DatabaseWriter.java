package dev.cairn.server.backup;

import dev.cairn.bbolt.BoltFormat;
import dev.cairn.bbolt.BoltPlan;
import dev.cairn.bbolt.BoltWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Writes a content as etcd's database file. Stateless; in memory is a page for each level of a tree, or one longer pair. */
public final class DatabaseWriter {
    private DatabaseWriter() {}

    /**
     * Walks through the content twice, and writes it durably.
     *
     * @param file must not be there yet
     * @return the length of the file
     * @throws IOException also when the content was another one the second time
     */
    public static long write(TableSource content, Path file, WorkProgress progress) throws IOException {
        BoltPlan plan = new BoltPlan(BoltFormat.DEFAULT_PAGE_BYTES);
        content.visit(new Measured("measuring", content.bytes(), progress) {
            @Override
            void begin(byte[] name) {
                plan.bucket(name.length);
            }

            @Override
            void take(byte[] key, byte[] value) {
                plan.pair(key.length, value.length);
            }
        });
        plan.finish();
        try (FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            BoltWriter writer = new BoltWriter(channel, plan);
            content.visit(new Measured("writing", content.bytes(), progress) {
                @Override
                void begin(byte[] name) throws IOException {
                    writer.bucket(name);
                }

                @Override
                void take(byte[] key, byte[] value) throws IOException {
                    writer.pair(ByteBuffer.wrap(key), ByteBuffer.wrap(value));
                }
            });
            writer.finish();
            channel.force(true);
            return channel.size();
        } catch (IllegalStateException | IllegalArgumentException e) {
            throw new IOException("the content cannot be written as a database: " + e.getMessage(), e);
        }
    }

    /** Tells of what goes by. */
    private abstract static class Measured implements TableSource.Visitor {
        private static final long TOLD_EVERY_BYTES = 1 << 20;

        /** What a page says of a pair beside its key and its value. */
        private static final int PAIR_OVERHEAD_BYTES = 16;

        private final String step;
        private final long all;
        private final WorkProgress progress;
        private long done;
        private long toldAt;

        Measured(String step, long all, WorkProgress progress) {
            this.step = step;
            this.all = all;
            this.progress = progress;
        }

        abstract void begin(byte[] name) throws IOException;

        abstract void take(byte[] key, byte[] value) throws IOException;

        @Override
        public void bucket(String name) throws IOException {
            begin(name.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public void pair(byte[] key, byte[] value) throws IOException {
            take(key, value);
            done += PAIR_OVERHEAD_BYTES + (long) key.length + value.length;
            if (done - toldAt >= TOLD_EVERY_BYTES) {
                toldAt = done;
                progress.at(step, Math.min(done, all), all);
            }
        }
    }
}
