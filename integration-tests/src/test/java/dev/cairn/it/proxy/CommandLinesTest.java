package dev.cairn.it.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Command lines that do not lead to a proxy: what is printed, where, and the exit code, beside the real etcd. */
@Timeout(120)
class CommandLinesTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gateway",
                "gateway --help",
                "gateway -h",
                "gateway something",
                "gateway --nope",
                "gateway start --help",
                "gateway start -h",
                "gateway start --nope",
                "gateway start --nope=1",
                "gateway start -x",
                "gateway start -listen-addr 1",
                "gateway start ---x",
                "gateway start --=x",
                "gateway start --retry-delay abc",
                "gateway start --retry-delay",
                "gateway start --retry-delay=5",
                "gateway start --endpoints",
                "gateway start --insecure-discovery=maybe",
                "gateway start --endpoints=foo",
                "gateway start --endpoints=http://foo",
                "gateway start --endpoints=127.0.0.1:1,foo",
                "gateway start --listen-addr=foo",
                "gateway start --listen-addr=",
                "gateway start --listen-addr nosuchhost.invalid:1",
                "gateway start --endpoints 127.0.0.1:23790",
                "gateway start --endpoints http://127.0.0.1:23790",
                "gateway start --endpoints nosuchhost.invalid:1",
                "gateway start --listen-addr 192.0.2.1:1",
                "grpc-proxy",
                "grpc-proxy -h",
                "grpc-proxy something",
                "grpc-proxy --nope",
                "grpc-proxy start --help",
                "grpc-proxy start -h",
                "grpc-proxy start --nope",
                "grpc-proxy start --max-concurrent-streams x",
                "grpc-proxy start --max-concurrent-streams 99999999999",
                "grpc-proxy start --resolver-ttl x",
                "grpc-proxy start --self-signed-cert-validity=-1",
                "grpc-proxy start --resolver-ttl 3",
                "grpc-proxy start --resolver-prefix a",
                "grpc-proxy start --resolver-prefix a --resolver-ttl 3 --advertise-client-url=",
                "grpc-proxy start --tls-min-version foo",
                "grpc-proxy start --tls-max-version foo",
                "grpc-proxy start --tls-min-version TLS1.3 --tls-max-version TLS1.2",
                "grpc-proxy start --tls-min-version TLS1.3 --listen-cipher-suites x",
                "grpc-proxy start --auto-tls --self-signed-cert-validity 0",
                "grpc-proxy start --cert /nope",
                "grpc-proxy start --listen-addr foo",
                "grpc-proxy start --listen-addr 192.0.2.1:2",
            })
    void shouldEndAsEtcdDoes(String line) {
        Command.Result real = run(Programs.real("etcd"), line);
        Command.Result ours = run(Programs.ours(), line);

        assertThat(ours.exit()).as("exit code of %s: %s", line, ours).isEqualTo(real.exit());
        assertThat(ours.out()).as("standard output of %s", line).isEqualTo(real.out());
        assertThat(withoutLog(ours.err())).as("standard error of %s", line).isEqualTo(withoutLog(real.err()));
    }

    /** The message names the option as well, unlike etcd's. */
    @Test
    void shouldNameTheFileThatIsMissing() {
        Command.Result ours = run(Programs.ours(), "grpc-proxy start --listen-addr 127.0.0.1:0 --cacert /nope");

        assertThat(ours.exit()).isEqualTo(1);
        assertThat(withoutLog(ours.err())).contains("--cacert /nope: no such file or directory\n");
    }

    @Test
    void shouldSayThatLeasingIsNotSupported() {
        Command.Result ours = run(Programs.ours(), "grpc-proxy start --experimental-leasing-prefix=x/");

        assertThat(ours.exit()).isEqualTo(1);
        assertThat(withoutLog(ours.err())).startsWith("--experimental-leasing-prefix is not supported");
    }

    private static Command.Result run(Path program, String line) {
        List<String> command = new ArrayList<>();
        command.add(program.toString());
        command.addAll(List.of(line.split(" ")));
        return Command.run(command, LIMIT);
    }

    /** What was written for people: neither lines of the log nor words of our start script. */
    private static String withoutLog(String text) {
        StringBuilder kept = new StringBuilder();
        for (String line : text.split("(?<=\n)", -1)) {
            if (!line.startsWith("{\"level\"") && !line.startsWith("etcd: ")) {
                kept.append(line);
            }
        }
        return kept.toString();
    }
}
