package dev.cairn.server.systemd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Stateless. Tells the service manager that the process serves, where one asked for it: units with {@code Type=notify} do. */
public final class ServiceManager {
    private static final byte[] READY = "READY=1".getBytes(StandardCharsets.US_ASCII);

    private ServiceManager() {}

    /** Null when it was told or nobody asked; otherwise why it could not be told. */
    public static @Nullable String tellReady(Map<String, String> environment) {
        String socket = environment.getOrDefault("NOTIFY_SOCKET", "");
        if (socket.isEmpty()) {
            return null;
        }
        try (UnixDatagrams datagrams = new UnixDatagrams(socket)) {
            datagrams.send(READY);
            return null;
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
