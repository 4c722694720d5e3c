package dev.cairn.sim.disk;

import java.nio.file.FileSystem;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A disk: what was written to it, in which order, and when each sync of it ends.
 *
 * <p><b>Time.</b> Programs that use the disk run in no time, but their operations take some: each sync lasts as long as the
 * disk says, and what is issued after it is issued when it has ended ({@link #freeAt}). A power cut at some moment undoes all
 * that was issued later, as if the program had been stopped within a sync.
 *
 * <p><b>What survives a power cut.</b> What a sync that has ended covers, for certain. Of the rest: whatever chance says, from
 * nothing to everything, in pieces of sectors. Names are different, as in any journaling file system: of the changes
 * of directories that were not synced a first part survives, in order.
 */
public final class SimDisk {
    private static final int SECTOR = 512;

    /** What is left of writes that were not synced. */
    private enum Survival {
        NOTHING,
        EVERYTHING,
        /** The first so many operations, and of the next one the first sectors. */
        PREFIX,
        /** Any sectors. */
        SECTORS,
    }

    private abstract static sealed class Operation {
        final Node on;
        final long issuedAt;
        long syncedAt = Long.MAX_VALUE;

        Operation(Node on, long issuedAt) {
            this.on = on;
            this.issuedAt = issuedAt;
        }
    }

    private static final class Write extends Operation {
        final long at;
        /** Null for zeros. */
        final byte @Nullable [] bytes;

        final int length;

        Write(Node.File on, long issuedAt, long at, byte @Nullable [] bytes, int length) {
            super(on, issuedAt);
            this.at = at;
            this.bytes = bytes;
            this.length = length;
        }
    }

    private static final class Truncate extends Operation {
        final long size;

        Truncate(Node.File on, long issuedAt, long size) {
            super(on, issuedAt);
            this.size = size;
        }
    }

    /** A change of names within a directory, or two of them in case of a move. */
    private static final class Rename extends Operation {
        final Node.@Nullable Directory fromDirectory;
        final @Nullable String from;
        final @Nullable String to;
        final @Nullable Node node;

        Rename(
                Node.Directory toDirectory,
                long issuedAt,
                Node.@Nullable Directory fromDirectory,
                @Nullable String from,
                @Nullable String to,
                @Nullable Node node) {
            super(toDirectory, issuedAt);
            this.fromDirectory = fromDirectory;
            this.from = from;
            this.to = to;
            this.node = node;
        }

        void apply(boolean durable) {
            if (fromDirectory != null && from != null) {
                names(fromDirectory, durable).remove(from);
            }
            if (to != null && node != null) {
                names((Node.Directory) on, durable).put(to, node);
            }
        }

        private static TreeMap<String, Node> names(Node.Directory directory, boolean durable) {
            return durable ? directory.durable : directory.visible;
        }
    }

    private final LongSupplier clock;
    private final SplittableRandom random;
    private final LongSupplier syncNanos;
    private final Node.Directory root = new Node.Directory();
    private final SimFileSystem files;
    private final List<Operation> journal = new ArrayList<>();
    private long freeAt;
    private long operationsUntilCut = Long.MAX_VALUE;
    private boolean cut;
    private boolean lying;
    private int starts;
    private long torn;

    /**
     * @param clock the time
     * @param syncNanos asked for each sync how long it lasts
     */
    public SimDisk(LongSupplier clock, SplittableRandom random, LongSupplier syncNanos) {
        this.clock = clock;
        this.random = random;
        this.syncNanos = syncNanos;
        this.files = new SimFileSystem(this);
    }

    public FileSystem fileSystem() {
        return files;
    }

    /** When everything that was issued until now will have been done. */
    public long freeAt() {
        return Math.max(freeAt, clock.getAsLong());
    }

    /** In how many power cuts something was lost that had been written. */
    public long losses() {
        return torn;
    }

    /** The disk reports syncs that it does not do, until it is restarted: a plantable fault. */
    public void lie() {
        lying = true;
    }

    /** The power fails amid the operation so many operations from now; the operation throws {@link PowerCut}. */
    public void cutAfter(long operations) {
        operationsUntilCut = operations;
    }

    /** Whether {@link PowerCut} was thrown; from then on every operation throws it. */
    public boolean isCut() {
        return cut;
    }

    /** Counts one operation of the machine. */
    void beforeOperation() {
        if (cut || operationsUntilCut-- <= 0) {
            cut = true;
            throw new PowerCut();
        }
    }

    /** The power is back: nothing is open, and only what survived is there. */
    public void restart() {
        long now = clock.getAsLong();
        Survival survival = Survival.values()[random.nextInt(Survival.values().length)];
        journal.removeIf(operation -> operation.issuedAt > now);
        List<Operation> unsynced =
                journal.stream().filter(operation -> operation.syncedAt > now).toList();
        int survivors = unsynced.isEmpty() ? 0 : random.nextInt(unsynced.size() + 1);
        long changesOfNames = unsynced.stream().filter(Rename.class::isInstance).count();
        long namesLeft = changesOfNames == 0 ? 0 : random.nextLong(changesOfNames + 1);
        for (Operation operation : journal) {
            boolean synced = operation.syncedAt <= now;
            if (operation instanceof Rename rename) {
                if (synced || namesLeft-- > 0) {
                    rename.apply(true);
                }
            } else if (synced || survival == Survival.EVERYTHING) {
                apply(operation);
            } else if (survival == Survival.SECTORS) {
                applySectors(operation);
            } else if (survival == Survival.PREFIX) {
                int here = unsynced.indexOf(operation);
                if (here < survivors) {
                    apply(operation);
                } else if (here == survivors && operation instanceof Write write) {
                    applyFirstSectors(write, random.nextInt(write.length / SECTOR + 1));
                }
            }
        }
        if (!unsynced.isEmpty() && survival != Survival.EVERYTHING) {
            torn++;
        }
        journal.clear();
        reset(root);
        freeAt = now;
        cut = false;
        lying = false;
        operationsUntilCut = Long.MAX_VALUE;
        starts++;
    }

    private static void reset(Node.Directory directory) {
        directory.visible = new TreeMap<>(directory.durable);
        for (Node node : directory.visible.values()) {
            if (node instanceof Node.Directory inner) {
                reset(inner);
            } else if (node instanceof Node.File file) {
                file.visible = new Content(file.durable);
            }
        }
    }

    private static void apply(Operation operation) {
        if (operation instanceof Write write) {
            ((Node.File) write.on).durable.write(write.at, write.bytes, 0, write.length);
        } else if (operation instanceof Truncate truncate) {
            ((Node.File) truncate.on).durable.truncate(truncate.size);
        } else if (operation instanceof Rename rename) {
            rename.apply(true);
        }
    }

    private void applySectors(Operation operation) {
        if (operation instanceof Write write) {
            Content content = ((Node.File) write.on).durable;
            int done = 0;
            while (done < write.length) {
                // Sectors are those of the disk, not of the write.
                int count = (int) Math.min(SECTOR - (write.at + done) % SECTOR, write.length - done);
                if (random.nextBoolean()) {
                    content.write(write.at + done, write.bytes, done, count);
                }
                done += count;
            }
        } else {
            // The size of a file is a matter of the journal, which keeps the order.
            apply(operation);
        }
    }

    private static void applyFirstSectors(Write write, int sectors) {
        long end = (write.at / SECTOR + sectors) * SECTOR;
        int length = (int) Math.min(write.length, Math.max(0, end - write.at));
        if (length > 0) {
            ((Node.File) write.on).durable.write(write.at, write.bytes, 0, length);
        }
    }

    // What the file system asks for.

    Node.Directory root() {
        return root;
    }

    /** Which life of the machine this is: what was opened in an earlier one is not open any more. */
    int starts() {
        return starts;
    }

    void write(Node.File file, long at, byte[] bytes) {
        beforeOperation();
        boolean zeros = true;
        for (int i = 0; zeros && i < bytes.length; i++) {
            zeros = bytes[i] == 0;
        }
        Write write = new Write(file, freeAt(), at, zeros ? null : bytes, bytes.length);
        file.visible.write(at, write.bytes, 0, bytes.length);
        journal.add(write);
    }

    void truncate(Node.File file, long size) {
        beforeOperation();
        file.visible.truncate(size);
        journal.add(new Truncate(file, freeAt(), size));
    }

    void link(Node.Directory directory, String name, Node node) {
        beforeOperation();
        rename(new Rename(directory, freeAt(), null, null, name, node));
    }

    void unlink(Node.Directory directory, String name) {
        beforeOperation();
        rename(new Rename(directory, freeAt(), directory, name, null, null));
    }

    void move(Node.Directory from, String name, Node.Directory to, String newName, Node node) {
        beforeOperation();
        rename(new Rename(to, freeAt(), from, name, newName, node));
    }

    private void rename(Rename rename) {
        rename.apply(false);
        journal.add(rename);
    }

    void sync(Node node) {
        beforeOperation();
        if (lying) {
            return;
        }
        freeAt = freeAt() + syncNanos.getAsLong();
        for (Operation operation : journal) {
            if (operation.on == node && operation.syncedAt == Long.MAX_VALUE) {
                operation.syncedAt = freeAt;
            }
        }
        settle();
    }

    /** Forgets how what is durable came about. */
    private void settle() {
        long now = clock.getAsLong();
        if (journal.size() < 64) {
            return;
        }
        boolean inOrder = true;
        List<Operation> rest = new ArrayList<>();
        List<Node> waiting = new ArrayList<>();
        for (Operation operation : journal) {
            // A change of names may concern two directories: none may overtake another.
            boolean name = operation instanceof Rename;
            if (operation.syncedAt <= now && !waiting.contains(operation.on) && (inOrder || !name)) {
                apply(operation);
            } else {
                rest.add(operation);
                waiting.add(operation.on);
                inOrder &= !name;
            }
        }
        journal.clear();
        journal.addAll(rest);
    }
}
