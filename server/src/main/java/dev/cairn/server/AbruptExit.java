package dev.cairn.server;

import java.util.function.IntConsumer;
import jnr.ffi.LibraryLoader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends the process as a crash does: without hooks, and at once.
 *
 * <p>{@link Runtime#halt} runs no hooks either, but waits for up to 300 ms until threads have come back from native code, which those that
 * wait for the network do not. For so long the sockets of a process that is dead otherwise stay open, and take in requests that nobody reads.
 * The system's own {@code _exit} closes them in the moment in which the last line of this process was run.
 */
final class AbruptExit {
    /** What is called of the system's library. */
    public interface CLibrary {
        void _exit(int status);
    }

    private AbruptExit() {}

    /** The fastest way out that there is here. Looked up beforehand, for it takes longer than an exit may. */
    static IntConsumer find() {
        try {
            CLibrary library = LibraryLoader.create(CLibrary.class).load("c");
            return library::_exit;
        } catch (RuntimeException | LinkageError e) {
            Logger log = LoggerFactory.getLogger(AbruptExit.class);
            log.debug("no _exit in the system's library, a failpoint's panic takes longer", e);
            return Runtime.getRuntime()::halt;
        }
    }
}
