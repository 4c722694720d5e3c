package dev.cairn.server.systemd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class JournalTest {
    @TempDir
    Path directory;

    @Test
    void shouldSendTheFieldsOfAnEntry() throws Exception {
        Path socket = directory.resolve("socket");
        try (DatagramReceiver journald = new DatagramReceiver(socket);
                Journal journal = Journal.open(socket, "etcd")) {
            journal.send(Journal.Priority.WARNING, "loop", "{\"level\":\"warn\"}");
            assertThat(new String(journald.receive(), UTF_8))
                    .isEqualTo("PRIORITY=4\nPACKAGE=loop\nSYSLOG_IDENTIFIER=etcd\nMESSAGE={\"level\":\"warn\"}\n");
            journal.send(Journal.Priority.CRITICAL, "server", "two\nlines");
            assertThat(new String(journald.receive(), UTF_8))
                    .isEqualTo("PRIORITY=2\nPACKAGE=server\nSYSLOG_IDENTIFIER=etcd\n"
                            + "MESSAGE\n\t\0\0\0\0\0\0\0two\nlines\n");
        }
    }

    @Test
    void shouldFailWhenTheEntryIsTooLarge() throws Exception {
        Path socket = directory.resolve("socket");
        try (DatagramReceiver journald = new DatagramReceiver(socket);
                Journal journal = Journal.open(socket, "etcd")) {
            assertThat(journald).isNotNull();
            assertThatThrownBy(() -> journal.send(Journal.Priority.INFO, "x", "y".repeat(4 << 20)))
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void shouldSayThatThereIsNoJournalAsEtcdDoes() {
        Path nowhere = directory.resolve("socket");
        assertThatThrownBy(() -> Journal.open(nowhere, "etcd"))
                .isInstanceOf(IOException.class)
                .hasMessage("can't find journal (dial unixgram " + nowhere + ": connect: no such file or directory)");
    }
}
