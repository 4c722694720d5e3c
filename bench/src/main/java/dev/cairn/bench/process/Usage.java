package dev.cairn.bench.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a process that runs has used up, by the kernel. Thread-safe. */
public record Usage(long pid) {
    private static final double TICKS_PER_SECOND = 100;
    private static final double KIBIBYTES_PER_MEBIBYTE = 1024;

    public double cpuSeconds() throws IOException {
        String stat = Files.readString(proc("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
    }

    public double residentMebibytes() throws IOException {
        return number("status", "VmRSS:") / KIBIBYTES_PER_MEBIBYTE;
    }

    /** The resident part without the pages of files, which the kernel may take back at any time. */
    public double ownMebibytes() throws IOException {
        return number("status", "RssAnon:") / KIBIBYTES_PER_MEBIBYTE;
    }

    /** The most that was resident since the start or since {@link #forgetPeak()}. */
    public double peakMebibytes() throws IOException {
        return number("status", "VmHWM:") / KIBIBYTES_PER_MEBIBYTE;
    }

    public void forgetPeak() throws IOException {
        Files.writeString(proc("clear_refs"), "5");
    }

    private Path proc(String file) {
        return Path.of("/proc", Long.toString(pid), file);
    }

    /** @throws IOException if it is not there, as when the process has ended */
    private long number(String file, String field) throws IOException {
        for (String line : Files.readAllLines(proc(file))) {
            if (line.startsWith(field)) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException(proc(file) + " has no " + field);
    }
}
