package dev.cairn.peers;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * Traffic between members of a real etcd 3.7.1 cluster, as it was on the wire without HTTP: what one member wrote into a stream, one pipeline
 * body, and the beginning of a snapshot's body.
 */
final class Recorded {
    static final long A = 0x3bb1518b034cfb45L;
    static final long B = 0x3da25e756fdcec3aL;
    static final long C = 0x23d944dfe78241ffL;

    private Recorded() {}

    static byte[] bytes(String name) {
        try (InputStream in = Recorded.class.getResourceAsStream(name + ".bin")) {
            if (in == null) {
                throw new IllegalStateException("no recording " + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
