package dev.cairn.it.upkeep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.AlarmRequest;
import dev.cairn.proto.etcdserverpb.AlarmType;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.StatusRequest;
import dev.cairn.proto.etcdserverpb.StatusResponse;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import io.grpc.StatusRuntimeException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: a full store refuses what makes it fuller and nothing else, and is open again by itself once there is room. */
@Tag("client")
@Timeout(180)
class SpaceTest {
    private static final long QUOTA = 16 << 20;
    private static final int LEASE = 77;
    private static final String NO_SPACE = "RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded";

    @TempDir
    Path directory;

    @Test
    void shouldRefuseWritesUntilThereIsRoomAgain() throws Exception {
        try (ServerProcess server = ServerProcess.start(Programs.ours(), directory, "--quota-backend-bytes=" + QUOTA);
                Client client = new Client(server)) {
            client.leases.leaseGrant(
                    LeaseGrantRequest.newBuilder().setID(LEASE).setTTL(1000).build());
            String value = "x".repeat(64 << 10);
            StatusRuntimeException full = null;
            for (int i = 0; full == null; i++) {
                assertThat(i).as("values of 64 KiB in a quota of 16 MiB").isLessThan(300);
                int key = i % 10;
                full = catchThrowableOfType(StatusRuntimeException.class, () -> client.put("key" + key, value, 0));
            }
            assertThat(full).hasMessage(NO_SPACE);
            await().untilAsserted(() ->
                    assertThat(status(client).getErrorsList()).anyMatch(error -> error.contains("alarm:NOSPACE")));
            assertThat(page(server, "/metrics")).contains("alarm_type=\"NOSPACE\"} 1");

            refused(() -> client.put("small", "x", 0));
            refused(() -> client.leases.leaseGrant(
                    LeaseGrantRequest.newBuilder().setTTL(1000).build()));
            // Whatever frees space, and whatever only looks.
            client.kv.range(RangeRequest.newBuilder().setKey(bytes("key0")).build());
            client.kv.txn(TxnRequest.newBuilder()
                    .addSuccess(RequestOp.newBuilder()
                            .setRequestDeleteRange(
                                    DeleteRangeRequest.newBuilder().setKey(bytes("key1"))))
                    .build());
            client.kv.deleteRange(
                    DeleteRangeRequest.newBuilder().setKey(bytes("key0")).build());
            client.leases.leaseRevoke(
                    LeaseRevokeRequest.newBuilder().setID(LEASE).build());
            refused(() -> client.put("small", "x", 0));
            client.compact(status(client).getHeader().getRevision());

            await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(
                            () -> assertThat(status(client).getErrorsList()).isEmpty());
            client.put("small", "x", 0);
            StatusResponse status = status(client);
            assertThat(status.getDbSizeInUse()).isLessThan(QUOTA - QUOTA / 10);
            assertThat(status.getDbSizeQuota()).isEqualTo(QUOTA);
            assertThat(page(server, "/metrics"))
                    .contains("alarm_type=\"NOSPACE\"} 0")
                    .contains("etcd_server_quota_backend_bytes 1.6777216e+07");
        }
    }

    @Test
    void shouldLeaveAnAlarmThatWasRaisedByHand() {
        try (ServerProcess server = ServerProcess.start(Programs.ours(), directory);
                Client client = new Client(server)) {
            long member = status(client).getHeader().getMemberId();
            alarm(client, AlarmRequest.AlarmAction.ACTIVATE, member);
            refused(() -> client.put("small", "x", 0));
            // It would be lifted after five seconds below the mark.
            await().during(Duration.ofSeconds(7))
                    .atMost(Duration.ofSeconds(10))
                    .untilAsserted(
                            () -> assertThat(status(client).getErrorsList()).hasSize(1));
            alarm(client, AlarmRequest.AlarmAction.DEACTIVATE, member);
            client.put("small", "x", 0);
        }
    }

    private static void alarm(Client client, AlarmRequest.AlarmAction action, long member) {
        client.maintenance.alarm(AlarmRequest.newBuilder()
                .setAction(action)
                .setMemberID(member)
                .setAlarm(AlarmType.NOSPACE)
                .build());
    }

    private static void refused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThat(catchThrowableOfType(StatusRuntimeException.class, call)).hasMessage(NO_SPACE);
    }

    private static StatusResponse status(Client client) {
        return client.maintenance.status(StatusRequest.getDefaultInstance());
    }

    private static String page(ServerProcess server, String path) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(server.clientUrl() + path))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }
}
