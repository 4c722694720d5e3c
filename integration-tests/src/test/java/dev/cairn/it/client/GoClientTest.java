package dev.cairn.it.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** etcd's own Go client against our server; what is checked stands in {@code oracle/clientcheck}. */
@Tag("client")
@Timeout(120)
class GoClientTest {
    @TempDir
    Path directory;

    @Test
    void shouldServeTheGoClient() {
        Path program = Programs.real("clientcheck");
        try (ServerProcess server = ServerProcess.start(Programs.ours(), directory)) {
            Command.Result result =
                    Command.run(List.of(program.toString(), server.target()), Duration.ofSeconds(70));
            assertThat(result.exit()).as("%s\n%s", result, server.logTail()).isZero();
            assertThat(result.out().lines())
                    .containsExactly(
                            "ok keys",
                            "ok stream",
                            "ok transactions",
                            "ok compaction",
                            "ok watch",
                            "ok lease",
                            "ok maintenance");
        }
    }
}
