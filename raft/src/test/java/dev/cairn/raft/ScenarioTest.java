package dev.cairn.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Replays scenarios and compares everything that is printed.
 *
 * <p>The project's own always run. Those of etcd's raft library run if the system property {@code cairn.raft.scenarios}
 * names the folder that contains {@code interaction}, {@code quorum} and {@code confchange}. With {@code
 * -Dcairn.raft.rewrite=true} the project's own are rewritten to what is printed: read the difference before keeping it.
 */
class ScenarioTest {
    private static final Path OWN = Path.of("src", "test", "resources", "scenarios");

    @TestFactory
    Stream<DynamicTest> shouldReplayOwnScenarios() {
        return replayAll(OWN, Boolean.getBoolean("cairn.raft.rewrite"));
    }

    @TestFactory
    Stream<DynamicTest> shouldReplayEtcdScenarios() {
        String folder = System.getProperty("cairn.raft.scenarios", "");
        if (folder.isEmpty()) {
            return Stream.of(DynamicTest.dynamicTest(
                    "scenarios of etcd's raft library",
                    () -> Assumptions.abort("folder not given: set -Dcairn.raft.scenarios=<folder>")));
        }
        return replayAll(Path.of(folder), false);
    }

    private static Stream<DynamicTest> replayAll(Path root, boolean rewrite) {
        return Stream.of("interaction", "quorum", "confchange")
                .flatMap(kind -> files(root.resolve(kind)).stream()
                        .map(file -> DynamicTest.dynamicTest(
                                kind + "/" + file.getFileName(),
                                () -> replay(file, runner(kind).get(), rewrite))));
    }

    private static Supplier<Function<ScenarioFile.Command, String>> runner(String kind) {
        return () -> switch (kind) {
            case "interaction" -> new InteractionScenario()::run;
            case "quorum" -> new QuorumScenario()::run;
            default -> new ConfChangeScenario()::run;
        };
    }

    private static List<Path> files(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".txt"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void replay(Path file, Function<ScenarioFile.Command, String> runner, boolean rewrite)
            throws IOException {
        String text = Files.readString(file);
        String printed = new ScenarioFile(text).run(runner);
        if (rewrite) {
            Files.writeString(file, printed);
            return;
        }
        assertThat(printed.strip()).isEqualTo(text.strip());
    }
}
