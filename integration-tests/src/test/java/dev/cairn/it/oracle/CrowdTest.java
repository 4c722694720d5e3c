package dev.cairn.it.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Message;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.AuthRoleGetResponse;
import dev.cairn.proto.etcdserverpb.AuthStatusResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Goal: who may do what, and what they are told, is as in etcd. Method: generated calls of several users to both servers,
 * between them changes of users, roles and permissions; every answer compared.
 *
 * <p>{@code -Dcairn.seed=N} runs that seed alone, {@code -Dcairn.calls=N} changes the number of calls of a run,
 * {@code -Dcairn.fresh=N} adds new seeds.
 */
@Tag("oracle")
@Timeout(300)
class CrowdTest {
    private static final int CALLS = Integer.getInteger("cairn.calls", 1_500);
    private static final int CALLS_WITH_FAULT = 2_000;
    private static final List<Long> FIXED_SEEDS = List.of(1L, 2L, 3L);
    private static final long TOKENS_SEED = 4L;

    private static final Set<String> EXERCISED = new TreeSet<>();

    @TempDir
    Path directory;

    /** What the table of coverage says of this test is true. */
    @AfterAll
    static void shouldExerciseWhatTheTableSays() throws IOException {
        if (Long.getLong("cairn.seed") == null) {
            ApiCoverage.read().verify(CrowdTest.class, EXERCISED);
        }
    }

    static LongStream seeds() {
        return Seeds.of(FIXED_SEEDS);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void shouldTreatUsersAsEtcdDoes(long seed) {
        run(Programs.ours(), seed, CALLS, UnaryOperator.identity(), "--auth-token=simple");
    }

    /** Signed tokens carry the revision of users and permissions under which they were given out. */
    @Test
    void shouldTreatSignedTokensAsEtcdDoes() throws Exception {
        Path key = Files.write(
                directory.resolve("secret"), "not very secret".repeat(4).getBytes(StandardCharsets.UTF_8));
        run(
                Programs.ours(),
                Long.getLong("cairn.seed", TOKENS_SEED),
                CALLS,
                UnaryOperator.identity(),
                "--auth-token=jwt,priv-key=" + key + ",sign-method=HS256,ttl=10m");
    }

    /** A change to what one of two real servers answers, and what the failure must say. */
    record Fault(String report, UnaryOperator<Message> change) {
        @Override
        public String toString() {
            return report;
        }
    }

    static List<Fault> faults() {
        return List.of(
                new Fault(
                        "authRevision",
                        message -> message instanceof AuthStatusResponse status
                                ? status.toBuilder()
                                        .setAuthRevision(status.getAuthRevision() + 1)
                                        .build()
                                : message),
                new Fault(
                        "perm",
                        message -> message instanceof AuthRoleGetResponse role && role.getPermCount() > 0
                                ? role.toBuilder().removePerm(0).build()
                                : message));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void shouldReportAPlantedFault(Fault fault) {
        assertThatThrownBy(() -> run(Programs.real("etcd"), 1, CALLS_WITH_FAULT, fault.change(), "--auth-token=simple"))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("seed 1")
                .hasMessageContaining("-Dcairn.seed=1")
                .hasMessageFindingMatch(fault.report());
    }

    private void run(Path ours, long seed, int calls, UnaryOperator<Message> fault, String tokens) {
        String replay =
                "./mvnw test -pl integration-tests -Dtest=CrowdTest -Dcairn.seed=" + seed + " -Dcairn.calls=" + calls;
        Path real = Programs.real("etcd");
        String[] flags = {"--bcrypt-cost=4", tokens};
        try (ServerProcess left = ServerProcess.start(ours, directory.resolve("ours"), flags);
                ServerProcess right = ServerProcess.start(real, directory.resolve("real"), flags);
                CrowdRun run = new CrowdRun(seed, replay, left, right, fault)) {
            try {
                run.run(calls);
            } catch (AssertionError e) {
                throw new AssertionError(e.getMessage() + "\n" + left.logTail(), e.getCause());
            }
            run.census().addTo(EXERCISED);
            assertThat(run.refused()).as("refused calls").isGreaterThan(calls / 20);
            assertThat(run.permitted()).as("permitted calls").isGreaterThan(calls / 4);
        }
    }
}
