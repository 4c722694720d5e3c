package dev.cairn.server.backup;

import dev.cairn.bbolt.BoltFormat;
import dev.cairn.bbolt.BoltPlan;
import dev.cairn.bbolt.BoltWriter;
import dev.cairn.mvcc.StoreImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of etcd's database file with the content of an image, made as they are asked for. Confined to one thread at a time.
 *
 * <p>The image is read twice: first for the lengths ({@link #plan}, until it answers true), from which the length of the file follows,
 * then for the content ({@link #fill}). In memory are one piece of the image and what was made of it.
 */
final class DatabaseSource implements AutoCloseable {
    private final StoreImage image;
    private final List<StoreImage.Bucket> buckets;
    private final BoltPlan plan = new BoltPlan(BoltFormat.DEFAULT_PAGE_BYTES);
    private final Made made = new Made();
    private int bucket;
    private boolean insideRevisions;
    private boolean planned;
    private boolean finished;
    private @Nullable BoltWriter writer;

    /**
     * @param storageVersion the version of etcd that the content is for, such as {@code 3.7.0}; empty as long as the cluster has none, and then the
     *     file names none, as etcd's own
     */
    DatabaseSource(StoreImage image, String storageVersion) {
        this.image = image;
        this.buckets = image.buckets().stream()
                .map(at -> at.name().equals("meta") && !storageVersion.isEmpty()
                        ? withStorageVersion(at, storageVersion)
                        : at)
                .toList();
    }

    /** Etcd's tools tell the schema by this pair, which our store has no use for. */
    private static StoreImage.Bucket withStorageVersion(StoreImage.Bucket meta, String version) {
        TreeMap<ByteBuffer, ByteBuffer> pairs = new TreeMap<>();
        meta.pairs().forEach(pair -> pairs.put(pair.key(), pair.value()));
        pairs.putIfAbsent(
                ByteBuffer.wrap("storageVersion".getBytes(StandardCharsets.US_ASCII)),
                ByteBuffer.wrap(version.getBytes(StandardCharsets.US_ASCII)));
        // The names are ASCII, for which the order of a buffer is the order of its bytes.
        return new StoreImage.Bucket(
                meta.name(),
                false,
                pairs.entrySet().stream()
                        .map(pair -> new StoreImage.Pair(pair.getKey(), pair.getValue()))
                        .toList());
    }

    /** What was written and not yet taken. */
    private static final class Made implements WritableByteChannel {
        private ByteBuffer bytes = ByteBuffer.allocate(1 << 20);

        int size() {
            return bytes.position();
        }

        @Override
        public int write(ByteBuffer from) {
            int count = from.remaining();
            if (count > bytes.remaining()) {
                int wanted = Math.addExact(bytes.position(), count);
                bytes = ByteBuffer.allocate(
                                Math.max(wanted, (int) Math.min(Integer.MAX_VALUE - 8L, 2L * bytes.capacity())))
                        .put(bytes.flip());
            }
            bytes.put(from);
            return count;
        }

        /** Takes as much as there is, or as there is room for. */
        void take(ByteBuffer to) {
            bytes.flip();
            int count = Math.min(bytes.remaining(), to.remaining());
            to.put(bytes.slice(bytes.position(), count));
            bytes.position(bytes.position() + count);
            bytes.compact();
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }

    /** What is done with names and pairs. */
    private interface Target {
        void bucket(byte[] name) throws IOException;

        void pair(ByteBuffer key, ByteBuffer value) throws IOException;
    }

    /** Counts the next piece of the image; answers whether that was all. */
    boolean plan() {
        if (planned) {
            return true;
        }
        boolean more = step(new Target() {
            @Override
            public void bucket(byte[] name) {
                plan.bucket(name.length);
            }

            @Override
            public void pair(ByteBuffer key, ByteBuffer value) {
                plan.pair(key.remaining(), value.remaining());
            }
        });
        if (!more) {
            plan.finish();
            planned = true;
            image.rewind();
            bucket = 0;
        }
        return planned;
    }

    /** The length of the file. */
    long bytes() {
        return plan.bytes();
    }

    /** Fills the buffer with the next bytes; leaves room in it only at the end of the file. */
    void fill(ByteBuffer to) {
        while (to.hasRemaining() && (made.size() > 0 || !finished)) {
            if (made.size() == 0) {
                write();
            }
            made.take(to);
        }
    }

    private void write() {
        try {
            BoltWriter open = writer;
            if (open == null) {
                open = new BoltWriter(made, plan);
                writer = open;
            }
            BoltWriter out = open;
            boolean more = step(new Target() {
                @Override
                public void bucket(byte[] name) throws IOException {
                    out.bucket(name);
                }

                @Override
                public void pair(ByteBuffer key, ByteBuffer value) throws IOException {
                    out.pair(key, value);
                }
            });
            image.release();
            if (!more) {
                out.finish();
                finished = true;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One small table or one piece of the revisions; answers false at the end. */
    private boolean step(Target target) {
        if (bucket == buckets.size()) {
            return false;
        }
        try {
            StoreImage.Bucket at = buckets.get(bucket);
            if (!insideRevisions) {
                target.bucket(at.name().getBytes(StandardCharsets.UTF_8));
                for (StoreImage.Pair pair : at.pairs()) {
                    target.pair(pair.key(), pair.value());
                }
            }
            insideRevisions = at.revisions() && image.next(unchecked(target));
            if (!insideRevisions) {
                bucket++;
            }
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Consumer<StoreImage.Pair> unchecked(Target target) {
        return pair -> {
            try {
                target.pair(pair.key(), pair.value());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
    }

    @Override
    public void close() {
        image.close();
    }
}
