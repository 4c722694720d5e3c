package dev.cairn.server.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import dev.cairn.proto.etcdserverpb.AlarmRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleGrantPermissionRequest;
import dev.cairn.proto.etcdserverpb.MemberAddRequest;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpRequest;
import dev.cairn.server.http.Router;
import dev.cairn.testing.Seed;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Random bodies, and paths that lead nowhere: nothing but {@link BadJson} is thrown, pieces mean the same as the whole, and what was read
 * survives being written. A failure names its seed; {@code -Dcairn.seed=N} runs that one, {@code -Dcairn.fuzz.seconds=N} runs longer.
 */
@Timeout(3600)
class GatewayFuzzTest {
    private static final long FUZZ_SECONDS = Long.getLong("cairn.fuzz.seconds", 2);
    private static final List<Message> MESSAGES = List.of(
            TxnRequest.getDefaultInstance(),
            WatchRequest.getDefaultInstance(),
            MemberAddRequest.getDefaultInstance(),
            AlarmRequest.getDefaultInstance(),
            AuthRoleGrantPermissionRequest.getDefaultInstance());

    private final MessageReader reader = new MessageReader();

    private interface Round {
        void run(Random random) throws Exception;
    }

    private static void fuzz(Round round) {
        long seed = Seed.choose();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(FUZZ_SECONDS);
        do {
            try {
                round.run(new Random(seed));
            } catch (Throwable e) {
                throw new AssertionError(Seed.replay(seed), e);
            }
            seed++;
        } while (!Seed.isGiven() && System.nanoTime() - end < 0);
    }

    private static byte[] body(Random random) {
        StringBuilder json = new StringBuilder();
        for (int i = random.nextInt(3); i >= 0; i--) {
            JsonMaker.value(random, json, 0);
        }
        byte[] bytes = json.toString().getBytes(StandardCharsets.UTF_8);
        for (int i = random.nextInt(4); i > 0 && bytes.length > 0; i--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(3)) {
                case 0 -> bytes[at] = (byte) random.nextInt();
                case 1 -> bytes[at] = (byte) "{}[]\",:\\u0e-. \n".charAt(random.nextInt(15));
                default -> bytes = Arrays.copyOf(bytes, at);
            }
        }
        return bytes;
    }

    private static List<String> drain(JsonValues values) {
        List<String> seen = new ArrayList<>();
        try {
            for (byte[] value = values.next(); value != null; value = values.next()) {
                seen.add(new String(value, StandardCharsets.ISO_8859_1));
            }
        } catch (BadJson e) {
            seen.add("mistake: " + e.getMessage());
        }
        return seen;
    }

    @Test
    void shouldReadPiecesLikeTheWhole() {
        fuzz(random -> {
            byte[] body = body(random);
            List<String> whole = drain(JsonValues.of(body));
            JsonValues arriving = JsonValues.arriving();
            List<String> pieces = new ArrayList<>();
            for (int at = 0; at < body.length; ) {
                int end = Math.min(body.length, at + 1 + random.nextInt(9));
                arriving.add(Arrays.copyOfRange(body, at, end));
                at = end;
                pieces.addAll(drain(arriving));
            }
            arriving.complete();
            pieces.addAll(drain(arriving));
            // A mistake is told again whenever somebody asks.
            assertThat(pieces.stream().filter(piece -> !piece.startsWith("mistake")))
                    .containsExactlyElementsOf(whole.stream()
                            .filter(piece -> !piece.startsWith("mistake"))
                            .toList());
            assertThat(pieces.stream()
                            .filter(piece -> piece.startsWith("mistake"))
                            .distinct())
                    .containsExactlyElementsOf(whole.stream()
                            .filter(piece -> piece.startsWith("mistake"))
                            .toList());
        });
    }

    @Test
    void shouldReadOrRefuseEveryValue() {
        fuzz(random -> {
            JsonValues values = JsonValues.of(body(random));
            try {
                for (byte[] value = values.next(); value != null; value = values.next()) {
                    for (Message prototype : MESSAGES) {
                        readAndWrite(value, prototype);
                    }
                }
            } catch (BadJson e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        });
    }

    private void readAndWrite(byte[] value, Message prototype) throws BadJson {
        Message read;
        try {
            read = reader.read(value, prototype);
        } catch (BadJson e) {
            assertThat(e.getMessage()).startsWith("proto: ");
            return;
        }
        assertThat(reader.read(MessageWriter.answer(read), prototype)).isEqualTo(read);
    }

    @Test
    void shouldAnswerEveryPathAndHeader() {
        Map<String, ServerServiceDefinition.Builder> services = new TreeMap<>();
        for (MethodDescriptor<?, ?> method : Map.copyOf(byName()).values()) {
            services.computeIfAbsent(String.valueOf(method.getServiceName()), ServerServiceDefinition::builder)
                    .addMethod(method, (call, metadata) -> {
                        throw new IllegalStateException("no call was to come so far");
                    });
        }
        Gateway gateway = new Gateway(
                services.values().stream()
                        .map(ServerServiceDefinition.Builder::build)
                        .toList(),
                new ServerStreamTracer.Factory() {
                    @Override
                    public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
                        throw new IllegalStateException("no call was to come so far");
                    }
                },
                1000);
        Router router = Router.guarded(List.of("*"), List.of("*"));
        router.under(Gateway.PREFIX, gateway);
        router.alias(Gateway.OLD_PREFIX, Gateway.PREFIX);
        fuzz(random -> {
            Map<String, List<String>> headers = new HashMap<>();
            // It cannot be read, so that no call ever starts.
            headers.put("grpc-timeout", List.of(text(random) + "?"));
            for (int i = random.nextInt(4); i > 0; i--) {
                headers.put(
                        List.of(
                                        "authorization",
                                        "grpc-metadata-" + text(random),
                                        "x-http-method-override",
                                        "content-type",
                                        "upgrade",
                                        "connection",
                                        "cookie")
                                .get(random.nextInt(7)),
                        List.of(random.nextBoolean() ? text(random) : "application/x-www-form-urlencoded"));
            }
            String method =
                    List.of("GET", "POST", "PUT", "OPTIONS", text(random)).get(random.nextInt(5));
            HttpAnswer answer = router.handle(HttpRequest.of(method, path(random), headers, body(random)))
                    .toCompletableFuture()
                    .get(1, TimeUnit.SECONDS);
            assertThat(answer.status()).isIn(200, 301, 307, 400, 404, 405, 501);
        });
    }

    private static Map<String, MethodDescriptor<?, ?>> byName() {
        Map<String, MethodDescriptor<?, ?>> methods = new HashMap<>();
        Routes.all().values().forEach(method -> methods.put(method.getFullMethodName(), method));
        return methods;
    }

    private static String path(Random random) {
        List<String> known = Routes.all().keySet().stream().sorted().toList();
        StringBuilder path = new StringBuilder(known.get(random.nextInt(known.size())));
        for (int i = random.nextInt(3); i > 0; i--) {
            int at = random.nextInt(path.length() + 1);
            path.insert(
                    at,
                    List.of("/", "//", "/..", "/.", "%", "%2", "%2F", "?", "v3beta", text(random))
                            .get(random.nextInt(10)));
        }
        return path.toString();
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(6); i > 0; i--) {
            text.append((char) (random.nextInt(4) == 0 ? random.nextInt(0x250) : ' ' + random.nextInt(95)));
        }
        return text.toString();
    }
}
