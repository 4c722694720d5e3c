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
import java.util.concurrent.CompletableFuture;
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
    private final CompletableFuture<String> out;
    private final CompletableFuture<String> err;

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
        this.out = drain(process.getInputStream());
        this.err = drain(process.getErrorStream());
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
        process.destroy();
        return await(limit);
    }

    private Result result() {
        return new Result(arguments, process.exitValue(), out.join(), err.join());
    }

    private static CompletableFuture<String> drain(InputStream stream) {
        CompletableFuture<String> text = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try (stream) {
                        text.complete(new String(stream.readAllBytes(), UTF_8));
                    } catch (IOException e) {
                        text.completeExceptionally(e);
                    }
                },
                "command-output");
        thread.setDaemon(true);
        thread.start();
        return text;
    }

    /** The arguments of the official client for one endpoint, to be followed by those of the call. */
    public static List<String> etcdctl(ServerProcess server, String... arguments) {
        List<String> all = new ArrayList<>();
        all.add(Programs.real("etcdctl").toString());
        all.add("--endpoints=" + server.target());
        all.addAll(List.of(arguments));
        return all;
    }
}
