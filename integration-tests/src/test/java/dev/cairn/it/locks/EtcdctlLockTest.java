package dev.cairn.it.locks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code etcdctl lock} and {@code elect}, which make their locks of keys, with several contenders, one of them killed. */
@Tag("client")
@Timeout(180)
@SuppressWarnings("NullAway.Init") // The fields are set before each test.
class EtcdctlLockTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    private ServerProcess server;
    private Session client;
    private final List<Command> commands = new ArrayList<>();

    @BeforeEach
    void start() {
        server = ServerProcess.start(Programs.ours(), directory);
        client = new Session(server);
    }

    @AfterEach
    void stop() {
        commands.forEach(Command::kill);
        client.close();
        server.close();
    }

    private Command etcdctl(String... arguments) {
        Command command = Command.start(Command.etcdctl(server, arguments));
        commands.add(command);
        return command;
    }

    @Test
    void shouldPassTheLockOnWhenItsHolderIsKilled() throws Exception {
        List<Command> contenders = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            contenders.add(etcdctl("lock", "--ttl=2", "mutex"));
            client.awaitKeys("mutex/", i);
        }
        String first = contenders.get(0).awaitLines(1, LIMIT).strip();
        // One of the service's callers waits in the same queue, behind them.
        var last = client.lock("mutex", 0);
        client.awaitKeys("mutex/", 4);
        contenders.get(0).kill();
        String second = contenders.get(1).awaitLines(1, LIMIT).strip();
        assertThat(second).isNotEqualTo(first);
        contenders.get(1).stop(LIMIT);
        String third = contenders.get(2).awaitLines(1, LIMIT).strip();
        assertThat(List.of(first, second, third)).doesNotHaveDuplicates().allMatch(key -> key.startsWith("mutex/"));
        assertThat(last.isDone()).isFalse();
        contenders.get(2).kill();
        assertThat(client.keys("mutex/")).contains(Session.get(last).getKey().toStringUtf8());
    }

    @Test
    void shouldRunACommandUnderTheLock() {
        var held = Command.run(Command.etcdctl(server, "lock", "mutex", "echo", "under the lock"), LIMIT);
        assertThat(held.success()).contains("under the lock");
        assertThat(client.keys("mutex/")).isEmpty();
    }

    @Test
    void shouldElectAnotherWhenTheLeaderIsKilled() throws Exception {
        Command listener = etcdctl("elect", "-l", "election");
        List<Command> candidates = new ArrayList<>();
        try (Session.Observation observation = client.observe("election")) {
            for (int i = 1; i <= 3; i++) {
                candidates.add(etcdctl("elect", "election", "value" + i));
                client.awaitKeys("election/", i);
            }
            assertThat(candidates.get(0).awaitLines(2, LIMIT)).contains("value1");
            assertThat(observation.next()).contains("=value1 ");
            candidates.get(0).stop(LIMIT);
            assertThat(candidates.get(1).awaitLines(2, LIMIT)).contains("value2");
            assertThat(observation.next()).contains("=value2 ");
            // It has no choice of its lease's time; who is killed leads on until its minute is over or its lease is
            // revoked.
            candidates.get(1).kill();
            client.revoke(client.range("election/").getKvsList().stream()
                    .filter(kv -> kv.getValue().toStringUtf8().equals("value2"))
                    .findAny()
                    .orElseThrow()
                    .getLease());
            assertThat(candidates.get(2).awaitLines(2, LIMIT)).contains("value3");
            assertThat(observation.next()).contains("=value3 ");
            assertThat(listener.awaitLines(6, LIMIT)).contains("value1", "value2", "value3");
        }
    }
}
