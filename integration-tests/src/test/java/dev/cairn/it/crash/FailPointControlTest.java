package dev.cairn.it.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.failpoint.FailPoint;
import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.testing.Ports;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: who controls etcd's fail points controls ours. Method: the same requests, in the same order, to a server and to the library that etcd
 * is built with; equal codes, bodies and types.
 */
@Tag("oracle")
@Timeout(180)
class FailPointControlTest {
    /** Method, path, body. Places that nobody passes here, so that counts stay what they are. */
    private static final List<List<String>> REQUESTS = List.of(
            List.of("GET", "", ""),
            List.of("PUT", "defragBeforeCopy", "print"),
            List.of("GET", "", ""),
            List.of("GET", "defragBeforeCopy", ""),
            List.of("GET", "defragBeforeCopy/count", ""),
            List.of("GET", "defragBeforeRename", ""),
            List.of("GET", "defragBeforeRename/count", ""),
            List.of("GET", "nobody", ""),
            List.of("GET", "nobody/count", ""),
            List.of("GET", "defragBeforeCopy?x", ""),
            List.of("GET", "defrag%42eforeCopy", ""),
            List.of("PUT", "nobody", "print"),
            List.of("PUT", "", "print"),
            List.of("POST", "defragBeforeCopy", "print"),
            List.of("DELETE", "nobody", ""),
            List.of("DELETE", "defragBeforeCopy", ""),
            List.of("DELETE", "defragBeforeCopy", ""),
            List.of("PUT", "failpoints", "defragBeforeCopy=print;;defragBeforeRename=off;"),
            List.of("PUT", "FailPoints", "defragBeforeCopy"),
            List.of("PUT", "failpoints", "defragBeforeCopy=print=print"),
            List.of("PUT", "failpoints", "nobody=print"),
            List.of("GET", "", ""));

    /** Without words in parentheses: of those the library takes some for a truth value and breaks off over others, by their length. */
    private static final List<String> TERMS = List.of(
            "",
            "print",
            "print ",
            " print",
            "print\n",
            "prints",
            "print()",
            "print(",
            "print)",
            "print->",
            "->print",
            "print->->print",
            "print->print",
            "print-print",
            "5*print",
            "*print",
            "5print",
            "1.5*print",
            "50.0%print",
            "1.%print",
            ".5%print",
            "-1*print",
            "2*3*print",
            "100.0%2*print",
            "2*print->1*sleep(1)->off",
            "99999999999999999999*print",
            "return",
            "return(1)",
            "return(-1)",
            "return(1.5)",
            "return(1,2)",
            "return(true)",
            "return(false)",
            "return(\"\")",
            "return(\"some random error\")",
            "return(\"a\\\"b\")",
            "return(`x y`)",
            "return(\"é\")",
            "sleep",
            "sleep(100)",
            "sleep(\"1m0s\")",
            "sleep(\"nonsense\")",
            "break",
            "off",
            "panic",
            "panic(\"text\")",
            "PANIC",
            "panic;print");

    @TempDir
    Path directory;

    private final HttpClient client = HttpClient.newHttpClient();

    private String call(String base, List<String> request) throws IOException, InterruptedException {
        HttpResponse<String> answer = client.send(
                HttpRequest.newBuilder(URI.create(base + "/" + request.get(1)))
                        .method(request.get(0), HttpRequest.BodyPublishers.ofString(request.get(2)))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        return answer.statusCode() + " "
                + answer.headers().firstValue("Content-Type").orElse("no type") + "\n" + answer.body();
    }

    @Test
    void shouldAnswerAsEtcdDoes() throws Exception {
        int port = Ports.next();
        List<String> command = new ArrayList<>(List.of(Programs.real("gofail").toString()));
        Arrays.stream(FailPoint.values()).map(FailPoint::etcdName).forEach(command::add);
        Command real = Command.start(
                command, Map.of("GOFAIL_HTTP", "127.0.0.1:" + port), Path.of("").toAbsolutePath());
        try (ServerProcess ours =
                ServerProcess.prepare(Programs.ours(), directory).withFailPoints()) {
            ours.start();
            real.awaitLines(1, Duration.ofSeconds(30));
            List<List<String>> requests = new ArrayList<>(REQUESTS);
            for (String terms : TERMS) {
                requests.add(List.of("PUT", "defragBeforeCopy", terms));
                requests.add(List.of("GET", "defragBeforeCopy", ""));
            }
            for (List<String> request : requests) {
                assertThat(call(ours.controlUrl(), request))
                        .as("%s /%s %s", request.toArray())
                        .isEqualTo(call("http://127.0.0.1:" + port, request));
            }
            assertThat(ours.isRunning()).isTrue();
        } finally {
            real.kill();
        }
    }
}
