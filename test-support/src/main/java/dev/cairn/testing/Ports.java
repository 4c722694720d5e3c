package dev.cairn.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Ports for servers that a test starts as processes of their own and that have to be told beforehand where to listen. Thread-safe.
 *
 * <p>They lie below the range from which the kernel serves outgoing connections and sockets bound to port 0. A port of that range is somebody
 * else's soon: while the server that it was meant for starts, or while that server is down between two runs.
 *
 * <p>JVMs that test at the same time get different ones: each claims a block by a lock on a file, which the kernel releases when the JVM ends.
 * Within a block they are given out in turn, so one that a server lets go is not given out again soon.
 */
public final class Ports {
    private static final int FIRST = 10_000;
    private static final int BLOCK = 500;

    /** Up to 20,000, where etcd's own acceptance suite starts. */
    private static final int BLOCKS = 20;

    private static @Nullable FileLock claim;
    private static int first;
    private static int given;

    private Ports() {}

    /**
     * A port at which nobody listens.
     *
     * @throws IllegalStateException when all blocks are claimed, or all ports of the claimed block are in use
     */
    public static synchronized int next() {
        if (claim == null) {
            claim = claim();
        }
        for (int tried = 0; tried < BLOCK; tried++) {
            int port = first + given++ % BLOCK;
            if (isFree(port)) {
                return port;
            }
        }
        throw new IllegalStateException("All ports from " + first + " to " + (first + BLOCK - 1) + " are in use");
    }

    private static FileLock claim() {
        for (int block = 0; block < BLOCKS; block++) {
            FileLock lock =
                    tryLock(Path.of(System.getProperty("java.io.tmpdir"), "cairn-test-ports-" + block + ".lock"));
            if (lock != null) {
                first = FIRST + block * BLOCK;
                return lock;
            }
        }
        throw new IllegalStateException(BLOCKS + " JVMs test on this machine already, and have all the ports");
    }

    private static @Nullable FileLock tryLock(Path file) {
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try {
                FileLock lock = channel.tryLock();
                if (lock == null) {
                    channel.close();
                }
                return lock;
            } catch (OverlappingFileLockException e) {
                // Another class loader of this JVM has it.
                channel.close();
                return null;
            }
        } catch (IOException e) {
            // The file of another user.
            return null;
        }
    }

    /** Whether a server could listen there now, at whatever address of this machine. */
    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port)) {
            return socket.isBound();
        } catch (BindException e) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
