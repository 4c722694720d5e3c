package dev.cairn.it.v2;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Where etcd 3.4, the last release with v2, is: system property {@code cairn.oracle34.bin} names a directory, by default it is {@code
 * v34} in the directory of the real etcd, filled by {@code integration-tests/oracle/v34}. Where it cannot be got the test is skipped, and the skip says so.
 */
public final class Etcd34 {
    private static final Duration FETCH_LIMIT = Duration.ofMinutes(5);

    private Etcd34() {}

    /** {@code etcd} or {@code etcdctl}. */
    public static synchronized Path binary(String name) {
        String given = System.getProperty("cairn.oracle34.bin", "");
        String oracle = System.getProperty("cairn.oracle.bin", "");
        Path parent = oracle.isEmpty()
                ? Programs.repository().resolve("integration-tests/target/oracle/bin")
                : Path.of(oracle).toAbsolutePath();
        Path directory =
                given.isEmpty() ? parent.resolve("v34") : Path.of(given).toAbsolutePath();
        Path binary = directory.resolve(name);
        if (given.isEmpty() && !Files.isExecutable(binary)) {
            Command.run(List.of(Programs.oracleSources().resolve("v34").toString(), parent.toString()), FETCH_LIMIT)
                    .success();
        }
        assumeTrue(
                Files.isExecutable(binary),
                "Skipped: etcd 3.4 is taken from Debian's packages, and could not be; -Dcairn.oracle34.bin= may name a"
                        + " directory that has etcd and etcdctl");
        return binary;
    }
}
