package dev.cairn.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One server process of either kind with an empty data directory of its own; what it uses up is read from the kernel. Linux only. */
final class Server implements AutoCloseable {
    private static final String READY = "ready to serve client requests";
    private static final double TICKS_PER_SECOND = 100;

    private final Path directory;
    private final Process process;
    private final String endpoint;
    private final double startMillis;

    /**
     * Returns when it serves.
     *
     * @throws IllegalStateException if it ends before
     */
    Server(Path binary, Path parent) throws IOException {
        directory = Files.createTempDirectory(parent, "server-");
        int[] ports = freePorts(2);
        endpoint = "127.0.0.1:" + ports[0];
        String peer = "http://127.0.0.1:" + ports[1];
        long began = System.nanoTime();
        process = new ProcessBuilder(
                        binary.toString(),
                        "--data-dir=" + directory.resolve("data"),
                        "--listen-client-urls=http://" + endpoint,
                        "--advertise-client-urls=http://" + endpoint,
                        "--listen-peer-urls=" + peer,
                        "--initial-advertise-peer-urls=" + peer,
                        "--initial-cluster=default=" + peer,
                        // More than any work here fills, and the same for both.
                        "--quota-backend-bytes=" + (16L << 30))
                .redirectErrorStream(true)
                .start();
        awaitReady();
        startMillis = (System.nanoTime() - began) / 1e6;
    }

    String endpoint() {
        return endpoint;
    }

    /** From the start of the process until it serves. */
    double startMillis() {
        return startMillis;
    }

    double cpuSeconds() throws IOException {
        String stat = Files.readString(proc("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
    }

    long bytesWritten() throws IOException {
        return number(proc("io"), "write_bytes:");
    }

    double residentMebibytes() throws IOException {
        return number(proc("status"), "VmRSS:") / 1024.0;
    }

    private Path proc(String file) {
        return Path.of("/proc", Long.toString(process.pid()), file);
    }

    private static long number(Path file, String field) throws IOException {
        for (String line : Files.readAllLines(file)) {
            if (line.startsWith(field)) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException(file + " has no " + field);
    }

    private void awaitReady() throws IOException {
        BufferedReader log = process.inputReader();
        List<String> said = new ArrayList<>();
        for (String line = log.readLine(); line != null; line = log.readLine()) {
            if (line.contains(READY)) {
                Thread drain = new Thread(() -> drain(log), "log");
                drain.setDaemon(true);
                drain.start();
                return;
            }
            said.add(line);
        }
        throw new IllegalStateException("the server ended before it was ready:\n" + String.join("\n", said));
    }

    private static void drain(BufferedReader log) {
        try {
            while (log.readLine() != null) {
                // A server whose log nobody reads stands still.
            }
        } catch (IOException e) {
            // It has ended.
        }
    }

    /** Different ones: one that is let go may be the next that is found. */
    private static int[] freePorts(int count) throws IOException {
        int[] ports = new int[count];
        List<ServerSocket> held = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                held.add(socket);
                ports[i] = socket.getLocalPort();
            }
        } finally {
            for (ServerSocket socket : held) {
                socket.close();
            }
        }
        return ports;
    }

    @Override
    public void close() throws IOException {
        process.destroy();
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        Directories.remove(directory);
    }
}
