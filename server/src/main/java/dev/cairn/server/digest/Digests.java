package dev.cairn.server.digest;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** New digests, each for one thread. Stateless. */
public final class Digests {
    private Digests() {}

    /** What etcd checks snapshots with. */
    public static MessageDigest sha256() {
        return digest("SHA-256");
    }

    /** What etcd makes IDs of members with, and web sockets their answer. Nothing is kept secret by it. */
    public static MessageDigest sha1() {
        return digest("SHA-1");
    }

    private static MessageDigest digest(String name) {
        try {
            return MessageDigest.getInstance(name);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has " + name, e);
        }
    }
}
