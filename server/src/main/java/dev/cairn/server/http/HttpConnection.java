package dev.cairn.server.http;

import java.net.SocketAddress;
import java.util.concurrent.ScheduledExecutorService;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** What a handler may know of the connection of a request. To be used on the event loop of the connection. */
public interface HttpConnection {
    /** Runs what belongs to the connection, one task after the other. */
    ScheduledExecutorService eventLoop();

    SocketAddress remoteAddress();

    SocketAddress localAddress();

    /** Null without TLS. */
    @Nullable
    SSLSession session();

    /**
     * Has the task run, on the event loop, when the connection ends, or must end, while the request is in work. There is one such task; it
     * is forgotten when the answer, all of it, has been sent.
     */
    void whenLost(Runnable task);
}
