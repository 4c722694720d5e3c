package dev.cairn.it.crash;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** Copies and damages the files of a server that is not running. Stateless. */
final class DataFiles {
    private static final int BLOCK = 1 << 16;

    private DataFiles() {}

    /** Copies a directory; the zeros at the end of a file become a hole, so that 64 MB of reserve cost nothing. */
    static void copy(Path from, Path to) {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                Path target = to.resolve(from.relativize(path));
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    copyFile(path, target);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void delete(Path directory) {
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The segment that the log ends in. */
    static Path lastSegment(Path dataDirectory) {
        return files(dataDirectory.resolve("member/wal"), ".wal").stream()
                .max(Comparator.comparing(Path::getFileName))
                .orElseThrow(() -> new IllegalStateException("no log in " + dataDirectory));
    }

    /** The files that hold the keys: LMDB's of our server, or the database file of etcd. */
    static Path store(Path dataDirectory) {
        Path lmdb = dataDirectory.resolve("member/lmdb/data.mdb");
        return Files.exists(lmdb) ? lmdb : dataDirectory.resolve("member/snap/db");
    }

    /** The directory of {@link #store}, relative to the data directory. */
    static Path storeDirectory(Path dataDirectory) {
        return dataDirectory.relativize(store(dataDirectory).resolveSibling(""));
    }

    /** The length of a file without the zeros at its end. */
    static long used(Path file) {
        byte[] block = new byte[BLOCK];
        long used = 0;
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            long at = 0;
            for (int count = in.read(block); count > 0; count = in.read(block)) {
                for (int i = count - 1; i >= 0; i--) {
                    if (block[i] != 0) {
                        used = at + i + 1;
                        break;
                    }
                }
                at += count;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return used;
    }

    static void truncate(Path file, long length) {
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.setLength(length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Replaces everything from the offset on by zeros, the length stays. */
    static void zeroFrom(Path file, long offset) {
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            long length = out.length();
            out.setLength(offset);
            out.setLength(length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Changes one byte; says what it did. */
    static String flip(Path file, long offset, Random random) {
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.seek(offset);
            int before = out.read();
            int after = before ^ (1 + random.nextInt(255));
            out.seek(offset);
            out.write(after);
            return String.format("byte %d of %s: %02x became %02x", offset, file.getFileName(), before, after);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where the text stands in a file, each time. */
    static List<Long> places(Path file, String text) {
        String all;
        try {
            // One character for each byte.
            all = Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<Long> places = new ArrayList<>();
        for (int at = all.indexOf(text); at >= 0; at = all.indexOf(text, at + 1)) {
            places.add((long) at);
        }
        return places;
    }

    private static List<Path> files(Path directory, String suffix) {
        try (Stream<Path> paths = Files.list(directory)) {
            return paths.filter(path -> path.toString().endsWith(suffix)).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void copyFile(Path from, Path to) throws IOException {
        long used = used(from);
        try (RandomAccessFile in = new RandomAccessFile(from.toFile(), "r");
                RandomAccessFile out = new RandomAccessFile(to.toFile(), "rw")) {
            byte[] block = new byte[BLOCK];
            for (long at = 0; at < used; ) {
                int count = in.read(block, 0, (int) Math.min(BLOCK, used - at));
                out.write(block, 0, count);
                at += count;
            }
            out.setLength(in.length());
        }
    }

    /** Whether the place is in a page of LMDB's file that leads to others: flag 1 of the page's header. */
    static boolean isInBranchPage(Path store, long at) {
        int pageBytes = 4096;
        int flagsOffset = 10;
        try (RandomAccessFile file = new RandomAccessFile(store.toFile(), "r")) {
            file.seek(at / pageBytes * pageBytes + flagsOffset);
            return (file.read() & 1) != 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
