package dev.cairn.it.cluster;

import dev.cairn.it.process.Programs;
import java.nio.file.Path;
import java.util.List;

/** How members speak to each other. */
enum PeerTls {
    NONE,
    /** Each makes a certificate for itself, and nobody's is looked into. */
    AUTO,
    /** Certificates of one authority, on both sides of a connection. */
    FILES;

    List<String> flags() {
        if (this == NONE) {
            return List.of();
        }
        if (this == AUTO) {
            return List.of("--peer-auto-tls");
        }
        // Those of etcd's own suite.
        Path fixtures = Programs.real("fixtures");
        return List.of(
                "--peer-cert-file=" + fixtures.resolve("server.crt"),
                "--peer-key-file=" + fixtures.resolve("server.key.insecure"),
                "--peer-trusted-ca-file=" + fixtures.resolve("ca.crt"),
                "--peer-client-cert-auth");
    }
}
