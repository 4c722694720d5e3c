package dev.cairn.server.install;

import dev.cairn.mvcc.StoreOptions;
import dev.cairn.server.membership.Identity;
import dev.cairn.wal.SnapStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.function.Function;

/** The server's own way to take whole stores in, for a simulation whose stores are not in files. */
public final class SimulatedStores {
    private SimulatedStores() {}

    /**
     * @param snap where databases are kept until they are applied
     * @param member where stores are built
     * @param aside what a store is that is built in a directory there
     */
    public static IncomingSnapshots incoming(
            Identity identity,
            SnapStore files,
            Path snap,
            Path member,
            Function<Path, StoreOptions> aside,
            Executor removing) {
        return new IncomingSnapshots(identity, files, snap, new AsideStores(member, aside), removing);
    }

    /** Fills an empty store, durably. */
    public static void load(Path database, StoreOptions into) throws IOException {
        DatabaseImport.run(database, into);
    }
}
