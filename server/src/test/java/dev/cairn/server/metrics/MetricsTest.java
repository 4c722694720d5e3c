package dev.cairn.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.proto.v3lockpb.LockGrpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetricsTest {
    /** Prints what etcd 3.7.1 printed for the same numbers. */
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "1, 1",
        "504, 504",
        "524288, 524288",
        "1048576, 1.048576e+06",
        "8388608, 8.388608e+06",
        "2147483648, 2.147483648e+09",
        "12052811776, 1.2052811776e+10",
        "18446744073709551615, 1.8446744073709552e+19",
        "0.001, 0.001",
        "0.0001, 0.0001",
        "0.00001, 1e-05",
        "0.5, 0.5",
        "8.192, 8.192",
        "1000000, 1e+06",
        "-3, -3",
        "-2500000, -2.5e+06"
    })
    void shouldPrintNumbersAsEtcd(double number, String text) {
        assertThat(Numbers.text(number)).isEqualTo(text);
    }

    @Test
    void shouldPrintBucketsCumulatively() {
        Registry registry = new Registry();
        Histogram histogram = registry.histogram("h", "Help.", Histogram.doubling(0.001, 3));
        histogram.observe(0.001);
        histogram.observe(0.0011);
        histogram.observeNanos(5_000_000_000L);
        assertThat(registry.render()).isEqualTo("""
                        # HELP h Help.
                        # TYPE h histogram
                        h_bucket{le="0.001"} 1
                        h_bucket{le="0.002"} 2
                        h_bucket{le="0.004"} 2
                        h_bucket{le="+Inf"} 3
                        h_sum 5.0021
                        h_count 3
                        """);
    }

    @Test
    void shouldShowLabelledSeriesFromTheirFirstUseOn() {
        Registry registry = new Registry();
        Family<Counter> family = registry.counters("c_total", "Help.", "From", "to");
        assertThat(registry.render()).isEmpty();
        family.with("b", "x\"\\\n").add(2);
        family.with("a", "").increment();
        family.with("a", "").increment();
        assertThat(registry.render()).isEqualTo("""
                        # HELP c_total Help.
                        # TYPE c_total counter
                        c_total{From="a",to=""} 2
                        c_total{From="b",to="x\\"\\\\\\n"} 2
                        """);
        family.remove("a", "");
        assertThat(registry.render()).doesNotContain("From=\"a\"");
        assertThatThrownBy(() -> family.with("one")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldBoundTheSeriesOfAFamily() {
        Registry registry = new Registry();
        Family<Counter> family = registry.counters("c", "Help.", "l");
        for (int i = 0; i < 20_000; i++) {
            family.with("v" + i).increment();
        }
        assertThat(registry.render().lines().count()).isEqualTo(10_002);
    }

    @Test
    void shouldFollowASupplier() {
        Registry registry = new Registry();
        Gauge gauge = registry.gauge("g_total", "Help.");
        gauge.set(true);
        assertThat(registry.render()).endsWith("# TYPE g_total gauge\ng_total 1\n");
        gauge.follow(() -> 1.5);
        assertThat(registry.render()).endsWith("g_total 1.5\n");
    }

    @Test
    void shouldDeclareEverySeriesOfEtcdWithItsTypeLabelsAndBuckets() throws IOException {
        Metrics metrics = new Metrics();
        metrics.grpc(List.of(service()), true);
        List<String> rendered = metrics.declared().stream()
                .filter(family -> !family.startsWith("cairn_"))
                .toList();
        List<String> expected = new ArrayList<>();
        try (BufferedReader rows = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(MetricsTest.class.getResourceAsStream("metrics-of-etcd.tsv")),
                StandardCharsets.UTF_8))) {
            rows.readLine();
            for (String row = rows.readLine(); row != null; row = rows.readLine()) {
                expected.add(row);
            }
        }
        assertThat(rendered).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void shouldCountCallsByMethodAndCode() {
        Metrics metrics = new Metrics();
        GrpcMetrics grpc = metrics.grpc(List.of(service()), true);
        assertThat(metrics.render())
                .contains(
                        "grpc_server_started_total{grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 0")
                .contains(
                        "grpc_server_handled_total{grpc_code=\"DataLoss\",grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 0");
        ServerStreamTracer call = grpc.newServerStreamTracer("etcdserverpb.KV/Put", new Metadata());
        call.inboundMessage(0);
        call.inboundUncompressedSize(10);
        call.outboundMessage(0);
        call.outboundUncompressedSize(20);
        call.streamClosed(Status.CANCELLED);
        grpc.newServerStreamTracer("other/Thing", new Metadata()).streamClosed(Status.OK);
        assertThat(metrics.render())
                .contains(
                        "grpc_server_started_total{grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 1")
                .contains(
                        "grpc_server_msg_received_total{grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 1")
                .contains(
                        "grpc_server_msg_sent_total{grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 1")
                .contains(
                        "grpc_code=\"Canceled\",grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 1")
                .contains(
                        "grpc_server_handling_seconds_count{grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 1")
                .contains("etcd_network_client_grpc_received_bytes_total 10\n")
                .contains("etcd_network_client_grpc_sent_bytes_total 20\n")
                .doesNotContain("Thing");
    }

    @Test
    void shouldCountAClientThatIsGoneAsCanceled() {
        Metrics metrics = new Metrics();
        GrpcMetrics grpc = metrics.grpc(List.of(service()), true);
        grpc.newServerStreamTracer("etcdserverpb.KV/Put", new Metadata())
                .streamClosed(Status.UNAVAILABLE.withDescription("connection terminated for unknown reason"));
        grpc.newServerStreamTracer("etcdserverpb.KV/Put", new Metadata())
                .streamClosed(Status.UNAVAILABLE.withDescription("etcdserver: no leader"));
        String put = ",grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} ";
        assertThat(metrics.render())
                .contains("grpc_server_handled_total{grpc_code=\"Canceled\"" + put + "1\n")
                .contains("grpc_server_handled_total{grpc_code=\"Unavailable\"" + put + "1\n");
    }

    @Test
    void shouldShowLocksFromTheirFirstCallOn() {
        Metrics metrics = new Metrics();
        GrpcMetrics grpc = metrics.grpc(List.of(LOCKS), false);
        assertThat(metrics.render()).doesNotContain("v3lockpb.Lock");
        grpc.newServerStreamTracer("v3lockpb.Lock/Lock", new Metadata()).streamClosed(Status.OK);
        assertThat(metrics.render())
                .contains("grpc_server_started_total{grpc_method=\"Lock\",grpc_service=\"v3lockpb.Lock\","
                        + "grpc_type=\"unary\"} 1\n")
                .contains("grpc_code=\"OK\"")
                .doesNotContain("grpc_code=\"Unavailable\"");
    }

    @Test
    void shouldLoadWhatTheRuntimeKnowsBesideTheFirstScrape() {
        Metrics metrics = new Metrics();
        List<Runnable> tasks = new ArrayList<>();
        metrics.loadBy(tasks::add);
        assertThat(metrics.render()).contains("cairn_jvm_heap_used_bytes ").doesNotContain("cairn_jvm_gc_");
        assertThat(metrics.render()).doesNotContain("cairn_jvm_gc_");
        assertThat(tasks).hasSize(1);
        tasks.get(0).run();
        assertThat(metrics.render())
                .contains("cairn_jvm_gc_collections_total{gc=\"")
                .contains("cairn_jvm_buffer_used_bytes{pool=\"direct\"} ");
    }

    @Test
    void shouldCountScrapes() {
        Metrics metrics = new Metrics();
        String first = metrics.render();
        assertThat(first)
                .contains("promhttp_metric_handler_requests_in_flight 1\n")
                .contains("promhttp_metric_handler_requests_total{code=\"200\"} 0\n")
                .contains("promhttp_metric_handler_requests_total{code=\"500\"} 0\n");
        assertThat(metrics.render()).contains("promhttp_metric_handler_requests_total{code=\"200\"} 1\n");
    }

    private static final ServerServiceDefinition LOCKS = new LockGrpc.LockImplBase() {}.bindService();

    private static ServerServiceDefinition service() {
        MethodDescriptor.Marshaller<InputStream> bytes = new MethodDescriptor.Marshaller<>() {
            @Override
            public InputStream stream(InputStream value) {
                return value;
            }

            @Override
            public InputStream parse(InputStream stream) {
                return new ByteArrayInputStream(new byte[0]);
            }
        };
        MethodDescriptor<InputStream, InputStream> put = MethodDescriptor.<InputStream, InputStream>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName("etcdserverpb.KV/Put")
                .setRequestMarshaller(bytes)
                .setResponseMarshaller(bytes)
                .build();
        return ServerServiceDefinition.builder("etcdserverpb.KV")
                .addMethod(put, (call, headers) -> {
                    throw new AssertionError("not called");
                })
                .build();
    }
}
