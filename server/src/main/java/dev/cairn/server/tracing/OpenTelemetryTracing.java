package dev.cairn.server.tracing;

import dev.cairn.server.api.Proposer;
import dev.cairn.server.config.TracingConfig;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Spans that are sent to a collector by OTLP over gRPC, without TLS as in etcd. Thread-safe. */
final class OpenTelemetryTracing implements Tracing {
    private static final Logger LOG = LoggerFactory.getLogger(OpenTelemetryTracing.class);

    /** As in etcd: so many spans wait, the next ones are dropped. */
    private static final int QUEUED_MAX = 2048;

    private static final int BATCH_MAX = 512;
    private static final Duration BATCH_DELAY = Duration.ofSeconds(5);
    private static final Duration SEND_LIMIT = Duration.ofSeconds(10);

    /** A collector that is gone must not keep the server from ending. */
    private static final long LAST_SEND_MILLIS = 2000;

    private static final double MILLION = 1e6;

    private final SdkTracerProvider provider;
    private final TraceInterceptor interceptor;

    private OpenTelemetryTracing(SdkTracerProvider provider) {
        this.provider = provider;
        this.interceptor = new TraceInterceptor(provider);
    }

    static OpenTelemetryTracing start(TracingConfig config) {
        SpanExporter exporter = OtlpGrpcSpanExporter.builder()
                .setEndpoint("http://" + config.address())
                .setTimeout(SEND_LIMIT)
                .build();
        OpenTelemetryTracing tracing = new OpenTelemetryTracing(provider(config, exporter, BATCH_DELAY));
        LOG.atDebug()
                .setMessage("distributed tracing enabled")
                .addKeyValue("address", config.address())
                .addKeyValue("service-name", config.serviceName())
                .addKeyValue("service-instance-id", config.instanceId())
                .addKeyValue("sampling-rate", config.samplesPerMillion())
                .log();
        LOG.info("distributed tracing setup enabled");
        return tracing;
    }

    /** Tracing with another way out. */
    static OpenTelemetryTracing to(TracingConfig config, SpanExporter exporter, Duration delay) {
        return new OpenTelemetryTracing(provider(config, exporter, delay));
    }

    private static SdkTracerProvider provider(TracingConfig config, SpanExporter exporter, Duration delay) {
        AttributesBuilder resource = Attributes.builder().put("service.name", config.serviceName());
        if (!config.instanceId().isEmpty()) {
            resource.put("service.instance.id", config.instanceId());
        }
        Sampler root = config.samplesPerMillion() == 0
                ? Sampler.alwaysOff()
                : Sampler.traceIdRatioBased(config.samplesPerMillion() / MILLION);
        return SdkTracerProvider.builder()
                .setResource(Resource.create(resource.build()))
                .setSampler(Sampler.parentBased(root))
                .addSpanProcessor(BatchSpanProcessor.builder(exporter)
                        .setMaxQueueSize(QUEUED_MAX)
                        .setMaxExportBatchSize(BATCH_MAX)
                        .setScheduleDelay(delay)
                        .setExporterTimeout(SEND_LIMIT)
                        .build())
                .build();
    }

    @Override
    public ServerServiceDefinition traced(ServerServiceDefinition service) {
        return ServerInterceptors.intercept(service, interceptor);
    }

    @Override
    public Proposer traced(Proposer proposer) {
        return new TracedProposer(proposer);
    }

    @Override
    public void close() {
        provider.shutdown().join(LAST_SEND_MILLIS, TimeUnit.MILLISECONDS);
    }
}
