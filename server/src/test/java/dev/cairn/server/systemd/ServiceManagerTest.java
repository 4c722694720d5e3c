package dev.cairn.server.systemd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class ServiceManagerTest {
    @TempDir
    Path directory;

    @Test
    void shouldTellWhoAsked() throws Exception {
        Path socket = directory.resolve("notify");
        try (DatagramReceiver manager = new DatagramReceiver(socket)) {
            assertThat(ServiceManager.tellReady(Map.of("NOTIFY_SOCKET", socket.toString())))
                    .isNull();
            assertThat(new String(manager.receive(), UTF_8)).isEqualTo("READY=1");
        }
    }

    @Test
    void shouldSayNothingWhenNobodyAsked() {
        assertThat(ServiceManager.tellReady(Map.of())).isNull();
    }

    @Test
    void shouldReportWhenNobodyListens() {
        String nowhere = directory.resolve("gone").toString();
        assertThat(ServiceManager.tellReady(Map.of("NOTIFY_SOCKET", nowhere)))
                .isEqualTo("dial unixgram " + nowhere + ": connect: no such file or directory");
        assertThat(ServiceManager.tellReady(Map.of("NOTIFY_SOCKET", "@cairn-nobody-listens-here")))
                .endsWith("Connection refused");
    }
}
