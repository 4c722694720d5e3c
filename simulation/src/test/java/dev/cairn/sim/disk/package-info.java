/**
 * A file system in memory that forgets, at a power cut, what was not synced: all of it, some of it, or half of a write. It is a
 * {@link java.nio.file.FileSystem}, so that the log's own code runs on it unchanged.
 *
 * <p>Read first: {@link dev.cairn.sim.disk.SimDisk} (what survives), {@link dev.cairn.sim.disk.SimFileSystem} (how Java's file
 * interface comes to it), {@link dev.cairn.sim.disk.SimBackend} (the same rule for the key store).
 *
 * <p>Confined to the simulation's thread. Knows nothing of Raft, members or the simulation's events.
 */
@NullMarked
package dev.cairn.sim.disk;

import org.jspecify.annotations.NullMarked;
