package dev.cairn.server.apply;

import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.RequestKind;
import dev.cairn.server.api.RequestText;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.metrics.Histogram;
import dev.cairn.server.metrics.ServerMetrics;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures how long requests take to be applied, and says which were slow or failed. Text is made for those only. Confined to the
 * apply loop.
 */
public final class ApplyMeter {
    private static final Logger LOG = LoggerFactory.getLogger(ApplyMeter.class);
    private static final String API_VERSION = "v3";

    private final ServerMetrics metrics;
    private final Duration expected;
    private final long expectedNanos;
    private final Map<String, Histogram> succeeded = new HashMap<>();
    private final Map<String, Histogram> failed = new HashMap<>();

    /** @param expected what takes longer is logged */
    public ApplyMeter(ServerMetrics metrics, Duration expected) {
        this.metrics = metrics;
        this.expected = expected;
        this.expectedNanos = expected.toNanos();
    }

    /** The request that was taken up at the given time has been applied just now. */
    void applied(
            InternalRaftRequest request, long startNanos, @Nullable MessageLite response, @Nullable EtcdError error) {
        long took = System.nanoTime() - startNanos;
        boolean success = error == null || error == EtcdError.COMPACTED;
        // Etcd has no name for this one here.
        String kind = request.hasAuthStatus() ? "unknown" : RequestKind.of(request);
        (success ? succeeded : failed)
                .computeIfAbsent(
                        kind, op -> metrics.applyDurationSeconds.with(op, Boolean.toString(success), API_VERSION))
                .observeNanos(took);
        if (took > expectedNanos) {
            metrics.slowApplyTotal.increment();
            var line = LOG.atWarn()
                    .setMessage("apply request took too long")
                    .addKeyValue("took", ServerConfig.format(Duration.ofNanos(took)))
                    .addKeyValue("expected-duration", ServerConfig.format(expected))
                    .addKeyValue("prefix", "")
                    .addKeyValue("request", RequestText.of(request))
                    .addKeyValue("response", size(response));
            (error == null ? line : line.addKeyValue("error", error.message())).log();
        }
        if (error != null && !success) {
            LOG.atWarn()
                    .setMessage("failed to apply request")
                    .addKeyValue("took", ServerConfig.format(Duration.ofNanos(took)))
                    .addKeyValue("request", RequestText.of(request))
                    .addKeyValue("response", size(response))
                    .addKeyValue("error", error.message())
                    .log();
        }
    }

    private static String size(@Nullable MessageLite response) {
        return response == null ? "" : "size:" + response.getSerializedSize();
    }
}
