package dev.cairn.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What the figures were taken on. Linux only. */
final class Machine {
    private static final long KIBIBYTES_PER_GIBIBYTE = 1 << 20;

    private Machine() {}

    /** One line: processors, memory, kernel, and both servers' versions. */
    static String describe(Path ours, Path etcd) throws IOException {
        return Runtime.getRuntime().availableProcessors() + " cores (" + field("/proc/cpuinfo", "model name") + "), "
                + Long.parseLong(field("/proc/meminfo", "MemTotal").replaceAll("\\D", "")) / KIBIBYTES_PER_GIBIBYTE
                + " GiB, Linux " + System.getProperty("os.version") + "; "
                + version(ours) + " beside " + version(etcd);
    }

    private static String field(String file, String name) throws IOException {
        List<String> lines = Files.readAllLines(Path.of(file));
        return lines.stream()
                .filter(line -> line.startsWith(name))
                .findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .orElse("unknown");
    }

    private static String version(Path server) throws IOException {
        Process process = new ProcessBuilder(server.toString(), "--version").start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return said.lines().findFirst().orElse("unknown");
    }
}
