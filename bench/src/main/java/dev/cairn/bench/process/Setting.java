package dev.cairn.bench.process;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** In what surroundings a server runs. */
public enum Setting {
    /** One member, without TLS. */
    PLAIN,
    /** One member with a certificate of its own for clients; it asks them for none. */
    TLS,
    /** Three members, without TLS. */
    THREE_MEMBERS,
    /** One member at whose disk every sync takes ten milliseconds longer. */
    SLOW_DISK;

    private static final String SYNCS = "fsync,fdatasync,msync";
    private static final int DELAY_MICROS = 10_000;

    /** How many servers there are. */
    public int members() {
        return this == THREE_MEMBERS ? 3 : 1;
    }

    /**
     * What a command is run by. A tracer holds each sync back; it is told of no other system call, and it is a process beside the server, which keeps
     * the process ID that it was started with.
     */
    List<String> prefix() {
        return this != SLOW_DISK
                ? List.of()
                : List.of(
                        "strace",
                        "--daemonize",
                        "--follow-forks",
                        "--seccomp-bpf",
                        "--quiet=all",
                        "--output=/dev/null",
                        "--trace=" + SYNCS,
                        "--signal=none",
                        "--inject=" + SYNCS + ":delay_exit=" + DELAY_MICROS);
    }

    /** Why this machine cannot do it; empty if it can. */
    public Optional<String> missing() {
        return this == SLOW_DISK && !onPath("strace")
                ? Optional.of("the program strace, which makes the disk slow, is not installed")
                : Optional.empty();
    }

    private static boolean onPath(String program) {
        String path = System.getenv().getOrDefault("PATH", "");
        return Stream.of(path.split(File.pathSeparator))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    }
}
