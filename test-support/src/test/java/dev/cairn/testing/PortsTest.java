package dev.cairn.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Goal: nobody else gets a port that a test has been given. Method: what is in use, what others choose, and a second JVM. */
class PortsTest {
    /** What the second JVM runs. */
    static final class Other {
        private Other() {}

        public static void main(String[] arguments) throws IOException {
            System.out.println(Ports.next());
            // The claim lasts as long as this process.
            int end = System.in.read();
            System.exit(end < 0 ? 0 : 1);
        }
    }

    @Test
    void shouldGiveEachPortOnceInALongTime() {
        Set<Integer> given = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            int port = Ports.next();
            assertThat(given.add(port)).as("port %s", port).isTrue();
            assertThat(port).isBetween(10_000, 19_999);
        }
    }

    @Test
    void shouldNotGiveAPortThatIsInUse() throws IOException {
        int next = Ports.next() + 1;
        try (ServerSocket taken = new ServerSocket(next)) {
            assertThat(Ports.next()).isNotEqualTo(taken.getLocalPort());
        }
    }

    @Test
    void shouldGiveAnotherJvmOtherPorts() throws IOException, InterruptedException {
        int ours = Ports.next();
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Other.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        int theirs;
        try (var out = other.inputReader(UTF_8)) {
            theirs = Integer.parseInt(out.readLine());
            other.getOutputStream().close();
            other.waitFor();
        } finally {
            other.destroyForcibly();
        }
        assertThat(theirs / 500).as("the blocks of %s and %s", theirs, ours).isNotEqualTo(ours / 500);
    }
}
