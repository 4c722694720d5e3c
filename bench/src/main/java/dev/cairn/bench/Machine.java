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
                + " GiB, Linux " + System.getProperty("os.version") + "; Cairn "
                + System.getProperty("bench.commit", "of unknown commit") + " as " + version(said(ours))
                + " beside etcd " + version(said(etcd));
    }

    /** @param said what a server answers to {@code --version} */
    static String version(String said) {
        return value(said, "etcd Version:") + " (" + value(said, "Go Version:") + ")";
    }

    private static String value(String lines, String name) {
        return lines.lines()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(name.length()).strip())
                .findFirst()
                .orElse("unknown");
    }

    private static String field(String file, String name) throws IOException {
        List<String> lines = Files.readAllLines(Path.of(file));
        return lines.stream()
                .filter(line -> line.startsWith(name))
                .findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .orElse("unknown");
    }

    private static String said(Path server) throws IOException {
        Process process = new ProcessBuilder(server.toString(), "--version").start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
