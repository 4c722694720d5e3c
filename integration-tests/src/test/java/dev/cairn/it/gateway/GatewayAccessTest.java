package dev.cairn.it.gateway;

import dev.cairn.it.process.ServerProcess;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who may call from where: names of hosts and origins. */
@Tag("oracle")
@Timeout(300)
class GatewayAccessTest {
    private static final int LIMIT_MILLIS = 30_000;

    @TempDir
    Path directory;

    /** The answer to a request as it stands, on a connection of its own: status line, the headers that do not differ by themselves, body. */
    private static List<String> raw(ServerProcess server, String request) {
        int port = Integer.parseInt(server.target().substring(server.target().indexOf(':') + 1));
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(LIMIT_MILLIS);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            InputStream in = socket.getInputStream();
            List<String> seen = new ArrayList<>();
            int length = 0;
            for (String line = line(in); !line.isEmpty(); line = line(in)) {
                String lower = line.toLowerCase(Locale.ROOT);
                if (lower.startsWith("content-length:")) {
                    length = Integer.parseInt(
                            lower.substring("content-length:".length()).trim());
                } else if (!lower.startsWith("date:")) {
                    seen.add(line);
                }
            }
            seen.subList(1, seen.size()).sort(String::compareToIgnoreCase);
            seen.add(HttpDuel.masked(new String(in.readNBytes(length), StandardCharsets.UTF_8)));
            return seen;
        } catch (IOException e) {
            throw new UncheckedIOException(request, e);
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    @Test
    void shouldRefuseAndAllowAsEtcdDoes() {
        try (HttpDuel duel = new HttpDuel(
                directory,
                "--host-whitelist=127.0.0.1,good.example",
                "--cors=http://a.example:80,http://b.example:81")) {
            for (String target : new String[] {"/v3/kv/range", "/v3/nope", "/version", "/nope", "/v3"}) {
                for (String method : new String[] {"GET", "POST", "OPTIONS"}) {
                    for (String host : new String[] {
                        "127.0.0.1",
                        "good.example:2379",
                        "GOOD.example",
                        "bad.example",
                        "bad.example:1",
                        "[::1]:2379",
                        ""
                    }) {
                        for (String origin : new String[] {
                            "",
                            "Origin: http://a.example:80\r\n",
                            "Origin: http://b.example:81\r\n",
                            "Origin: http://c.example\r\n"
                        }) {
                            String request = method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + origin
                                    + "Content-Length: 2\r\n\r\n{}";
                            duel.note(request, raw(duel.ours, request), raw(duel.real, request));
                        }
                    }
                }
            }
            duel.check();
        }
    }

    @Test
    void shouldLeaveTheGatewayOut() {
        try (HttpDuel duel = new HttpDuel(directory, "--enable-grpc-gateway=false")) {
            duel.call("/v3/kv/range", "{}");
            duel.request("GET", "/v3", "");
            duel.call("/v3beta/kv/range", "{}");
            duel.request("GET", "/version", "");
            duel.check();
        }
    }
}
