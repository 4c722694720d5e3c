package dev.cairn.it.conformance;

import dev.cairn.server.config.CommandLine;
import dev.cairn.server.config.Outcome;
import dev.cairn.server.http.Router;
import dev.cairn.server.net.ClientPort;
import dev.cairn.server.net.EventLoops;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A process with the server's client port, as the server sets it up, and {@link InteropService} behind it in place of etcd's services. A
 * process of its own, because what carries the calls is chosen once for each. Takes the server's flags, prints the port of each client URL
 * on a line of its own, and ends with its standard input.
 */
final class InteropServer {
    private static final Duration GRACE = Duration.ofSeconds(1);

    private InteropServer() {}

    public static void main(String[] arguments) throws IOException {
        if (!(CommandLine.read(List.of(arguments), Map.of()) instanceof Outcome.Start start)) {
            throw new IllegalArgumentException("these flags start no server: " + List.of(arguments));
        }
        ServerStreamTracer.Factory untraced = new ServerStreamTracer.Factory() {
            @Override
            public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
                return new ServerStreamTracer() {};
            }
        };
        ExecutorService streams = Executors.newSingleThreadExecutor();
        Router pages = Router.plain();
        ClientPort.Content content =
                new ClientPort.Content(InteropService.services(streams), List.of(), untraced, pages, pages);
        try (EventLoops loops = EventLoops.open()) {
            ClientPort port = ClientPort.bind(start.config(), loops, () -> content);
            port.serve();
            for (SocketAddress address : port.addresses()) {
                System.out.println(((InetSocketAddress) address).getPort());
            }
            while (System.in.read() >= 0) {
                // Only the end matters.
            }
            port.stop(GRACE);
        } finally {
            streams.shutdownNow();
        }
    }
}
