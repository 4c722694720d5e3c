package dev.cairn.it.process;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the programs under test and the programs to compare with are. Thread-safe.
 *
 * <ul>
 *   <li>Ours: system property {@code cairn.bin}, by default {@code bin/etcd} of the repository. It must exist: a test of
 *       a product that is not there fails.
 *   <li>Real etcd and its tools: system property {@code cairn.oracle.bin} names a directory; by default they are built
 *       once from {@code integration-tests/oracle}. Where Go is missing the test is skipped, and the skip says so.
 * </ul>
 */
public final class Programs {
    private static final Duration BUILD_TIMEOUT = Duration.ofMinutes(20);
    private static @Nullable Path oracle;

    private Programs() {}

    /** The server under test. */
    public static Path ours() {
        String given = System.getProperty("cairn.bin", "");
        Path path = given.isEmpty()
                ? repository().resolve("bin/etcd")
                : Path.of(given).toAbsolutePath();
        if (!Files.isExecutable(path)) {
            throw new IllegalStateException(
                    "The server under test is not there: " + path + " (build it, or name another with -Dcairn.bin=)");
        }
        return path;
    }

    /** A program of the real etcd: {@code etcd}, {@code etcdctl}, {@code common.test} and so on. */
    public static Path real(String name) {
        Path path = oracleDirectory().resolve(name);
        if (!Files.isExecutable(path)) {
            throw new IllegalStateException("Not in the oracle directory: " + path);
        }
        return path;
    }

    /** The root of the checkout. */
    public static Path repository() {
        Path module = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
        for (Path at = module; at != null; at = at.getParent()) {
            if (Files.exists(at.resolve("mvnw"))) {
                return at;
            }
        }
        throw new IllegalStateException("No checkout above " + module);
    }

    /** The folder with the Go module and the lists of the suite. */
    public static Path oracleSources() {
        return repository().resolve("integration-tests/oracle");
    }

    private static synchronized Path oracleDirectory() {
        if (oracle == null) {
            String given = System.getProperty("cairn.oracle.bin", "");
            oracle = given.isEmpty() ? build() : Path.of(given).toAbsolutePath();
        }
        return Objects.requireNonNull(oracle);
    }

    private static Path build() {
        Path directory = repository().resolve("integration-tests/target/oracle/bin");
        assumeTrue(
                onPath("go").isPresent(),
                "Skipped: real etcd is built from its Go modules, and Go is not on the PATH; -Dcairn.oracle.bin= may name"
                        + " a directory that has it ready");
        // Another process of the tests may want the same at the same time.
        try (FileChannel channel = FileChannel.open(
                        Files.createDirectories(directory).resolveSibling("build.lock"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            Command.Result result = Command.run(
                    List.of(oracleSources().resolve("build").toString(), directory.toString()), BUILD_TIMEOUT);
            if (result.exit() != 0) {
                throw new IllegalStateException("The build of real etcd failed: " + result + " under " + lock);
            }
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Optional<Path> onPath(String program) {
        for (String directory : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
            Path candidate = Path.of(directory, program);
            if (!directory.isEmpty() && Files.isExecutable(candidate)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }
}
