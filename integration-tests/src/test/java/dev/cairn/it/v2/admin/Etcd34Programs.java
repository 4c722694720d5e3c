package dev.cairn.it.v2.admin;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Debian's etcd 3.4: system property {@code cairn.oracle34.bin} names the directory, by default {@code v34} below that of the other real etcd,
 * filled by {@code integration-tests/oracle/v34}. Where it cannot be got the test is skipped, and the skip says so.
 */
final class Etcd34Programs {
    private static final Duration FETCH_LIMIT = Duration.ofMinutes(5);

    private Etcd34Programs() {}

    static Path etcd() {
        return program("etcd");
    }

    static Path etcdctl() {
        return program("etcdctl");
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

    private static synchronized Path program(String name) {
        String given = System.getProperty("cairn.oracle34.bin", "");
        String oracle = System.getProperty("cairn.oracle.bin", "");
        Path parent = oracle.isEmpty()
                ? Programs.repository().resolve("integration-tests/target/oracle/bin")
                : Path.of(oracle).toAbsolutePath();
        Path directory =
                given.isEmpty() ? parent.resolve("v34") : Path.of(given).toAbsolutePath();
        Path program = directory.resolve(name);
        if (given.isEmpty() && !Files.isExecutable(program)) {
            Command.run(List.of(Programs.oracleSources().resolve("v34").toString(), parent.toString()), FETCH_LIMIT)
                    .success();
        }
        assumeTrue(
                Files.isExecutable(program),
                "Skipped: etcd 3.4 is taken from Debian's packages, and could not be; -Dcairn.oracle34.bin= may name a"
                        + " directory that has etcd and etcdctl");
        return program;
    }
}
