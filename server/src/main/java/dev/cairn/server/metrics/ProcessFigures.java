package dev.cairn.server.metrics;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Thread-safe. What the operating system knows of this process, read from {@code /proc} for each scrape. Elsewhere the figures are
 * left out. The management beans would tell some of it, but loading them costs more than the server's own start.
 */
final class ProcessFigures {
    private static final Path PROC = Path.of("/proc/self");
    private static final double CLOCK_TICKS_PER_SECOND = 100;
    private static final double PAGE_BYTES = 4096;
    private static final int STAT_UTIME = 11;
    private static final int STAT_STIME = 12;
    private static final int STAT_START = 19;
    private static final int STAT_VSIZE = 20;
    private static final int STAT_RSS = 21;

    private ProcessFigures() {}

    static void addTo(Registry registry) {
        registry.figure(
                "process_cpu_seconds_total",
                "CPU seconds used.",
                "counter",
                () -> (stat(STAT_UTIME) + stat(STAT_STIME)) / CLOCK_TICKS_PER_SECOND);
        registry.figure(
                "process_resident_memory_bytes", "Resident memory.", "gauge", () -> stat(STAT_RSS) * PAGE_BYTES);
        registry.figure("process_virtual_memory_bytes", "Virtual memory.", "gauge", () -> stat(STAT_VSIZE));
        registry.figure(
                "process_virtual_memory_max_bytes",
                "Limit of the virtual memory.",
                "gauge",
                () -> limit("Max address space"));
        registry.figure(
                "process_start_time_seconds",
                "Start of the process, unix time.",
                "gauge",
                () -> bootTimeSeconds() + stat(STAT_START) / CLOCK_TICKS_PER_SECOND);
        registry.figure("process_open_fds", "Open file descriptors.", "gauge", ProcessFigures::openFiles);
        registry.figure("process_max_fds", "Limit of file descriptors.", "gauge", () -> limit("Max open files"));
        registry.figure("os_fd_used", "File descriptors in use.", "gauge", ProcessFigures::openFiles);
        registry.figure("os_fd_limit", "Limit of file descriptors.", "gauge", () -> limit("Max open files"));
        registry.figure(
                "process_network_receive_bytes_total", "Bytes received from the network.", "counter", () -> network(0));
        registry.figure(
                "process_network_transmit_bytes_total", "Bytes sent to the network.", "counter", () -> network(8));
    }

    /** A field of stat, counted from 0 behind the name of the program, which may contain anything. */
    private static double stat(int field) {
        String text = read(PROC.resolve("stat"));
        String[] fields = text.substring(text.lastIndexOf(')') + 1).trim().split(" ");
        return field < fields.length ? number(fields[field]) : Double.NaN;
    }

    private static double limit(String name) {
        for (String line : read(PROC.resolve("limits")).split("\n")) {
            if (line.startsWith(name)) {
                String soft = line.substring(name.length()).trim().split(" +")[0];
                // Without a limit etcd shows the largest number there is.
                return soft.equals("unlimited") ? 18_446_744_073_709_551_615d : number(soft);
            }
        }
        return Double.NaN;
    }

    static double openFilesMax() {
        return limit("Max open files");
    }

    private static double bootTimeSeconds() {
        for (String line : read(Path.of("/proc/stat")).split("\n")) {
            if (line.startsWith("btime ")) {
                return number(line.substring(6).trim());
            }
        }
        return Double.NaN;
    }

    private static double openFiles() {
        int count = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(PROC.resolve("fd"))) {
            for (Path ignored : files) {
                count++;
            }
        } catch (IOException e) {
            return Double.NaN;
        }
        return count;
    }

    /** The sum of a column over all interfaces but the loopback. */
    private static double network(int column) {
        double sum = Double.NaN;
        for (String line : read(PROC.resolve("net/dev")).split("\n")) {
            int colon = line.indexOf(':');
            if (colon < 0 || line.substring(0, colon).trim().equals("lo")) {
                continue;
            }
            String[] fields = line.substring(colon + 1).trim().split(" +");
            if (column < fields.length) {
                sum = (Double.isNaN(sum) ? 0 : sum) + number(fields[column]);
            }
        }
        return sum;
    }

    private static double number(String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }
}
