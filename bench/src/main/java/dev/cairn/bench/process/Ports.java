package dev.cairn.bench.process;

import java.util.ArrayList;
import java.util.List;

/**
 * Where one member listens. Immutable.
 *
 * @param client host and port for clients
 * @param peerUrl where its peers reach it
 */
record Ports(String client, String peerUrl) {
    /** Different ones for each member. */
    static List<Ports> free(int members) {
        List<Ports> found = new ArrayList<>();
        for (int i = 0; i < members; i++) {
            found.add(new Ports("127.0.0.1:" + next(), "http://127.0.0.1:" + next()));
        }
        return found;
    }

    private static int next() {
        return dev.cairn.testing.Ports.next();
    }
}
