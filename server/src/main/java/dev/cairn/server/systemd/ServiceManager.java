package dev.cairn.server.systemd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** Stateless. Tells the service manager that the process serves, where one asked for it: units with {@code Type=notify} do. */
public final class ServiceManager {
    private static final byte[] READY = "READY=1".getBytes(StandardCharsets.US_ASCII);

    private ServiceManager() {}

    /** Tells the one in the process's environment; the log says how that went, and nothing else depends on it. */
    public static void announceReady(Logger log) {
        log.atInfo().log("notifying init daemon");
        String failure = tellReady(System.getenv());
        if (failure == null) {
            log.atInfo().log("successfully notified init daemon");
        } else {
            log.atError()
                    .setMessage("failed to notify systemd for readiness")
                    .addKeyValue("error", failure)
                    .log();
        }
    }

    /** Null when it was told or nobody asked; otherwise why it could not be told. */
    static @Nullable String tellReady(Map<String, String> environment) {
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
