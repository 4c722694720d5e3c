package dev.cairn.it.v2.admin;

import dev.cairn.it.process.ServerProcess;
import dev.cairn.it.v2.Etcd34;
import java.nio.file.Path;

/** Debian's etcd 3.4 as a server, see {@link Etcd34}. */
final class Etcd34Programs {
    private Etcd34Programs() {}

    static Path etcd() {
        return Etcd34.binary("etcd");
    }

    static Path etcdctl() {
        return Etcd34.binary("etcdctl");
    }

    /** A server that is ready and speaks v2; {@code directory} takes its data and its log. */
    static ServerProcess start(Path directory, String... flags) {
        ServerProcess server = ServerProcess.prepare(etcd(), directory, flags);
        server.withFlags(withV2(flags));
        server.start();
        return server;
    }

    /** The flags, with the one that has it speak v2. */
    static String[] withV2(String... flags) {
        String[] more = java.util.Arrays.copyOf(flags, flags.length + 1);
        more[flags.length] = "--enable-v2";
        return more;
    }
}
