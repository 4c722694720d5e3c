package dev.cairn.it.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A tool as a process: given its input, run to its end within a time limit. Confined to the calling thread, apart from
 * the two threads that carry standard output and standard error away.
 */
public final class Command {
    /** How a command ended and what it wrote. */
    public record Result(List<String> arguments, int exit, String out, String err) {
        /** The standard output, of a command that succeeded. */
        public String success() {
            if (exit != 0) {
                throw new AssertionError("The command failed: " + this);
            }
            return out;
        }
    }

    private final List<String> arguments;
    private final Process process;
    private final Output out;
    private final Output err;

    private Command(List<String> arguments, Map<String, String> environment, Path directory) {
        this.arguments = List.copyOf(arguments);
        ProcessBuilder builder = new ProcessBuilder(arguments).directory(directory.toFile());
        // What the developer's shell has set for etcd must not reach the tools.
        builder.environment().keySet().removeIf(name -> name.startsWith("ETCD"));
        builder.environment().putAll(environment);
        try {
            this.process = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.out = new Output(process.getInputStream());
        this.err = new Output(process.getErrorStream());
    }

    /** Starts a command and leaves it running. */
    public static Command start(List<String> arguments) {
        return new Command(arguments, Map.of(), Path.of("").toAbsolutePath());
    }

    /** Starts a command with additional environment variables in a working directory. */
    public static Command start(List<String> arguments, Map<String, String> environment, Path directory) {
        return new Command(arguments, environment, directory);
    }

    /** Runs a command to its end. */
    public static Result run(List<String> arguments, Duration limit) {
        return start(arguments).input("").await(limit);
    }

    /** Gives the command its whole standard input. */
    public Command input(String text) {
        try (OutputStream in = process.getOutputStream()) {
            in.write(text.getBytes(UTF_8));
        } catch (IOException e) {
            // The command ended without reading it all; its exit code and output tell the rest.
        }
        return this;
    }

    /** Waits for the end; a command that outlives the limit is killed and fails the test. */
    public Result await(Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
                throw new AssertionError("Still running after " + limit + ": " + result());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
            throw new AssertionError("Interrupted while waiting for " + arguments, e);
        }
        return result();
    }

    /** Ends the command with SIGTERM and waits for its end. */
    public Result stop(Duration limit) {
        process.toHandle().destroy();
        return await(limit);
    }

    /** SIGKILL: the command has no chance to clean up. */
    public void kill() {
        process.destroyForcibly();
    }

    /** Waits until the standard output has so many lines; what came is returned. */
    public String awaitLines(int count, Duration limit) {
        String text = out.awaitLines(count, limit);
        if (text.lines().count() < count) {
            throw new AssertionError("Not " + count + " lines after " + limit + " from " + arguments + ":\n" + text);
        }
        return text;
    }

    private Result result() {
        return new Result(arguments, process.exitValue(), out.all(), err.all());
    }

    /** Carries one stream away on a thread of its own. Thread-safe: all state is under its monitor. */
    private static final class Output {
        private final StringBuilder text = new StringBuilder();
        private final Thread thread;

        Output(InputStream stream) {
            thread = new Thread(() -> drain(stream), "command-output");
            thread.setDaemon(true);
            thread.start();
        }

        String all() {
            try {
                // A child that was left behind may hold the pipe open, and the command itself has ended.
                thread.join(TimeUnit.SECONDS.toMillis(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("Interrupted while reading a command's output", e);
            }
            synchronized (this) {
                return text.toString();
            }
        }

        synchronized String awaitLines(int count, Duration limit) {
            long deadline = System.nanoTime() + limit.toNanos();
            try {
                while (text.chars().filter(c -> c == '\n').count() < count && System.nanoTime() < deadline) {
                    TimeUnit.NANOSECONDS.timedWait(this, deadline - System.nanoTime());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("Interrupted while reading a command's output", e);
            }
            return text.toString();
        }

        private void drain(InputStream stream) {
            byte[] block = new byte[8192];
            try (stream) {
                for (int count = stream.read(block); count >= 0; count = stream.read(block)) {
                    append(new String(block, 0, count, UTF_8));
                }
            } catch (IOException e) {
                append("(output cut off: " + e.getMessage() + ")");
            }
        }

        private synchronized void append(String more) {
            text.append(more);
            notifyAll();
        }
    }

    /**
     * The arguments of the official client for one endpoint, to be followed by those of the call. It has more patience than by itself, where
     * five seconds are too little for a busy machine; a call that has to fail by time says so.
     */
    public static List<String> etcdctl(ServerProcess server, String... arguments) {
        List<String> all = new ArrayList<>();
        all.add(Programs.real("etcdctl").toString());
        all.add("--endpoints=" + server.target());
        all.add("--command-timeout=20s");
        all.add("--dial-timeout=10s");
        all.addAll(List.of(arguments));
        return all;
    }
}
