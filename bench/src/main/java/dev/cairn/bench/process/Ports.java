package dev.cairn.bench.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;

/**
 * Where one member listens. Immutable.
 *
 * @param client host and port for clients
 * @param peerUrl where its peers reach it
 */
record Ports(String client, String peerUrl) {
    /** Different ones for each member: a port that is let go may be the next that is found. */
    static List<Ports> free(int members) throws IOException {
        List<ServerSocket> held = new ArrayList<>();
        List<Ports> found = new ArrayList<>();
        try {
            for (int i = 0; i < members; i++) {
                found.add(new Ports("127.0.0.1:" + hold(held), "http://127.0.0.1:" + hold(held)));
            }
        } finally {
            for (ServerSocket socket : held) {
                socket.close();
            }
        }
        return found;
    }

    private static int hold(List<ServerSocket> held) throws IOException {
        ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        held.add(socket);
        return socket.getLocalPort();
    }
}
