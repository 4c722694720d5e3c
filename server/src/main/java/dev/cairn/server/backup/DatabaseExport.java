package dev.cairn.server.backup;

import dev.cairn.mvcc.AppliedState;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreImage;
import dev.cairn.server.digest.Digests;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Writes a store as etcd's database file. Stateless; in memory are one piece of the store and what is made of it. */
public final class DatabaseExport {
    private static final int PIECE_BYTES = 1 << 20;

    private DatabaseExport() {}

    /** Hears how far the work has come. Called by the thread that writes; what it throws ends the work. */
    public interface Progress {
        void written(long bytes, long allBytes);

        /** The moment has come whose content will be in the file. */
        default void begun() {}

        /** A piece of the store was read, for its lengths alone. */
        default void measured() {}
    }

    /**
     * What has been written.
     *
     * @param applied the entry that the file ends with
     * @param revision the newest one in it
     * @param bytes the length of the file
     */
    public record Written(AppliedState applied, long revision, long bytes) {}

    /**
     * Writes what the store holds now, durably. The store may go on meanwhile.
     *
     * @param file is made anew
     * @return the entry that the file ends with
     * @throws IOException also when the store cannot be read to its end
     */
    public static AppliedState write(MvccStore store, Path file, Progress progress) throws IOException {
        return write(store, file, null, progress).applied();
    }

    /** As {@link #write}, with the digest of the file behind it, as in files that etcd's tools save. */
    public static Written writeSnapshot(MvccStore store, Path file, Progress progress) throws IOException {
        return write(store, file, Digests.sha256(), progress);
    }

    private static Written write(MvccStore store, Path file, @Nullable MessageDigest digest, Progress progress)
            throws IOException {
        try (FileChannel channel = FileChannel.open(
                        file,
                        Set.of(
                                StandardOpenOption.CREATE,
                                StandardOpenOption.TRUNCATE_EXISTING,
                                StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
                StoreImage image = store.image()) {
            progress.begun();
            // Whose members they are makes no difference to their version.
            Cluster.View members = new Cluster(new Identity(0, 0), new ImageTables(image)).view();
            DatabaseSource database = new DatabaseSource(image, members.storageVersion());
            boolean planned = false;
            while (!planned) {
                planned = database.plan();
                progress.measured();
            }
            ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
            long written = 0;
            do {
                database.fill(piece.clear());
                piece.flip();
                written += piece.remaining();
                if (digest != null) {
                    digest.update(piece.duplicate());
                }
                write(channel, piece);
                progress.written(written, database.bytes());
            } while (piece.limit() == PIECE_BYTES);
            if (written != database.bytes()) {
                throw new IOException(file + " has " + written + " bytes, expected " + database.bytes());
            }
            if (digest != null) {
                ByteBuffer value = ByteBuffer.wrap(digest.digest());
                written += value.remaining();
                write(channel, value);
            }
            channel.force(true);
            return new Written(image.applied(), image.revision(), written);
        }
    }

    private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
