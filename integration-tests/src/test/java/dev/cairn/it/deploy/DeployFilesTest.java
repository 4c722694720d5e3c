package dev.cairn.it.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.server.config.CommandLine;
import dev.cairn.server.config.Notice;
import dev.cairn.server.config.Outcome;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.testing.Ports;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The settings in the examples are ones that the server understands, and the members of the Procfile form a cluster. */
@Tag("cluster")
@Timeout(180)
class DeployFilesTest {
    private static final Path DEPLOY = Programs.repository().resolve("deploy");
    private static final Pattern ADDRESS = Pattern.compile("127\\.0\\.0\\.1:(\\d+)");

    @TempDir
    Path directory;

    private static ServerConfig understood(List<String> arguments, Map<String, String> environment) {
        Outcome outcome = CommandLine.read(arguments, environment);
        assertThat(outcome).as("%s", outcome).isInstanceOf(Outcome.Start.class);
        ServerConfig config = ((Outcome.Start) outcome).config();
        assertThat(config.notices().stream().map(Notice::message))
                .doesNotContain("unrecognized environment variable", "option is accepted, but has no effect");
        return config;
    }

    private static Map<String, String> variablesOf(String file) throws IOException {
        Map<String, String> variables = new HashMap<>();
        for (String line : Files.readAllLines(DEPLOY.resolve(file))) {
            if (line.startsWith("ETCD_")) {
                int equals = line.indexOf('=');
                variables.put(line.substring(0, equals), line.substring(equals + 1));
            }
        }
        assertThat(variables).isNotEmpty();
        return variables;
    }

    @Test
    void shouldUnderstandTheVariablesOfTheUnitAndOfTheKubeadmExample() throws Exception {
        assertThat(understood(List.of(), variablesOf("systemd/etcd.default")).name())
                .isEqualTo("default");
        ServerConfig member = understood(List.of(), variablesOf("kubeadm/etcd.env"));
        assertThat(member.initialClusterMembers()).hasSize(3);
        assertThat(member.clientCertAuth()).isTrue();
        String unit = Files.readString(DEPLOY.resolve("systemd/etcd.service"));
        assertThat(unit).contains("Type=notify\n", "EnvironmentFile=-/etc/default/etcd\n");
    }

    @Test
    void shouldUnderstandTheArgumentsOfTheStatefulSet() throws Exception {
        List<String> arguments = new ArrayList<>();
        for (String line : Files.readAllLines(DEPLOY.resolve("kubernetes/etcd.yaml"))) {
            if (line.trim().startsWith("- --")) {
                arguments.add(line.trim()
                        .substring(2)
                        .replace("$(POD_NAME)", "etcd-1")
                        .replace("$(POD_NAMESPACE)", "default"));
            }
        }
        ServerConfig member = understood(arguments, Map.of());
        assertThat(member.initialClusterMembers().get(member.name()))
                .as("what a member advertises is what the others know of it")
                .isEqualTo(member.initialAdvertisePeerUrls());
    }

    @Test
    void shouldUnderstandTheVariablesOfTheComposeFile() throws Exception {
        String compose = Files.readString(DEPLOY.resolve("compose/compose.yaml"));
        Map<String, String> variables = new HashMap<>();
        Matcher lines = Pattern.compile("(?m)^ +(ETCD_[A-Z_]+): (.*)$").matcher(compose);
        while (lines.find()) {
            // The last member's own settings replace the others'.
            variables.put(lines.group(1), lines.group(2));
        }
        ServerConfig member = understood(List.of(), variables);
        assertThat(member.initialClusterMembers().get(member.name())).isEqualTo(member.initialAdvertisePeerUrls());
    }

    /** What a unit with {@code Type=notify} waits for. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void shouldTellTheServiceManagerThatItServes() throws Exception {
        Epoll.ensureAvailability();
        Path path = directory.resolve("notify");
        Socket manager = Socket.newSocketDomainDgram();
        try (ServerProcess server = ServerProcess.prepare(Programs.ours(), directory.resolve("server"))
                .withVariables(Map.of("NOTIFY_SOCKET", path.toString()))) {
            manager.bind(new DomainSocketAddress(path.toString()));
            server.start();
            ByteBuffer message = ByteBuffer.allocateDirect(100);
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> manager.recvFromDomainSocket(message, 0, message.capacity()) != null);
            byte[] said = new byte["READY=1".length()];
            message.get(0, said);
            assertThat(new String(said, StandardCharsets.US_ASCII)).isEqualTo("READY=1");
        } finally {
            manager.close();
        }
    }

    @Test
    void shouldFormAClusterOfTheProcfile() throws Exception {
        List<String> commands = new ArrayList<>();
        for (String line : Files.readAllLines(DEPLOY.resolve("Procfile"))) {
            if (!line.startsWith("#")) {
                commands.add(line.substring(line.indexOf(':') + 1).trim());
            }
        }
        assertThat(commands).hasSize(3);
        Map<String, String> ports = new HashMap<>();
        Matcher given = ADDRESS.matcher(String.join("\n", commands));
        while (given.find()) {
            ports.computeIfAbsent(given.group(1), port -> Integer.toString(Ports.next()));
        }
        assertThat(ports.keySet())
                .as("the ports of etcd's own file")
                .containsExactlyInAnyOrder("2379", "22379", "32379", "12380", "22380", "32380");
        List<Command> members = new ArrayList<>();
        try {
            for (String command : commands) {
                String line = ADDRESS.matcher(command).replaceAll(port -> "127.0.0.1:" + ports.get(port.group(1)));
                // As a process manager does it: a shell, from the root of the checkout.
                String here =
                        "exec " + line.replaceFirst("bin/etcd", Programs.ours().toString());
                members.add(Command.start(List.of("sh", "-c", here), Map.of("CAIRN_PROFILE", "small"), directory));
            }
            HttpClient http = HttpClient.newHttpClient();
            for (String port : List.of("2379", "22379", "32379")) {
                HttpRequest health = HttpRequest.newBuilder(
                                URI.create("http://127.0.0.1:" + ports.get(port) + "/health"))
                        .timeout(Duration.ofSeconds(10))
                        .build();
                await().atMost(Duration.ofSeconds(90))
                        .ignoreExceptions()
                        .untilAsserted(() -> assertThat(http.send(health, HttpResponse.BodyHandlers.ofString())
                                        .body())
                                .contains("\"health\":\"true\""));
            }
        } finally {
            members.forEach(Command::kill);
        }
    }
}
