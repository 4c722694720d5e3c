package dev.cairn.it.v2;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.it.process.Programs;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where etcd 3.4, the last release with v2, is: system property {@code cairn.oracle34.bin} names a directory, by default it is {@code
 * v34} in the directory of the real etcd. Where there is none the test is skipped, and the skip says so.
 */
public final class Etcd34 {
    private Etcd34() {}

    /** {@code etcd} or {@code etcdctl}. */
    public static Path binary(String name) {
        String given = System.getProperty("cairn.oracle34.bin", "");
        String beside = System.getProperty("cairn.oracle.bin", "");
        Path directory = !given.isEmpty()
                ? Path.of(given)
                : !beside.isEmpty()
                        ? Path.of(beside).resolve("v34")
                        : Programs.repository().resolve("integration-tests/target/oracle/bin/v34");
        Path binary = directory.resolve(name).toAbsolutePath();
        assumeTrue(
                Files.isExecutable(binary),
                "Skipped: there is no etcd 3.4 at " + binary
                        + "; -Dcairn.oracle34.bin= may name a directory that has it");
        return binary;
    }
}
