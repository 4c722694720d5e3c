package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.proto.authpb.Permission;
import dev.cairn.proto.etcdserverpb.AuthEnableRequest;
import dev.cairn.proto.etcdserverpb.AuthGrpc;
import dev.cairn.proto.etcdserverpb.AuthRoleAddRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleGrantPermissionRequest;
import dev.cairn.proto.etcdserverpb.AuthUserAddRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGrantRoleRequest;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.server.api.EtcdError;
import io.grpc.Channel;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: what depends on the keys of a lease is right from the first call after a start, although keys are attached while the member serves. Method: a member with
 * more keys than are attached before it serves is started again and asked at once.
 */
@Timeout(120)
@SuppressWarnings("NullAway.Init") // The fields are set before each test.
class RestartWithLeasesTest {
    private static final int KEYS = 60_000;
    private static final int LEASES = 3;
    private static final int KEYS_PER_TXN = 1000;

    @TempDir
    private Path directory;

    private RunningMember member;

    private static ByteString key(int number) {
        return ByteString.copyFromUtf8(String.format("k%05d", number));
    }

    @BeforeEach
    void fill() throws Exception {
        start();
        for (int lease = 1; lease <= LEASES; lease++) {
            LeaseGrpc.newBlockingStub(member.anonymous())
                    .leaseGrant(LeaseGrantRequest.newBuilder()
                            .setID(lease)
                            .setTTL(100_000)
                            .build());
        }
        KVGrpc.KVBlockingStub kv = KVGrpc.newBlockingStub(member.anonymous());
        for (int from = 0; from < KEYS; from += KEYS_PER_TXN) {
            TxnRequest.Builder txn = TxnRequest.newBuilder();
            for (int number = from; number < from + KEYS_PER_TXN; number++) {
                txn.addSuccess(RequestOp.newBuilder()
                        .setRequestPut(
                                PutRequest.newBuilder().setKey(key(number)).setLease(leaseOf(number))));
            }
            kv.txn(txn.build());
        }
    }

    private static long leaseOf(int number) {
        return 1 + number % LEASES;
    }

    private static List<ByteString> keysOf(long lease) {
        return IntStream.range(0, KEYS)
                .filter(number -> leaseOf(number) == lease)
                .mapToObj(RestartWithLeasesTest::key)
                .toList();
    }

    private void start() throws Exception {
        member = new RunningMember(directory.resolve("data"), "--bcrypt-cost=4", "--max-txn-ops=" + KEYS_PER_TXN);
    }

    private void restart() throws Exception {
        member.close();
        start();
    }

    @AfterEach
    void stop() {
        member.close();
    }

    private static LeaseTimeToLiveRequest withKeys(long lease) {
        return LeaseTimeToLiveRequest.newBuilder().setID(lease).setKeys(true).build();
    }

    @Test
    void shouldTellAllKeysOfALease() throws Exception {
        restart();
        assertThat(LeaseGrpc.newBlockingStub(member.anonymous())
                        .leaseTimeToLive(withKeys(LEASES))
                        .getKeysList())
                .isEqualTo(keysOf(LEASES));
    }

    @Test
    void shouldDeleteAllKeysOfALeaseInOneRevision() throws Exception {
        restart();
        long revision = LeaseGrpc.newBlockingStub(member.anonymous())
                .leaseRevoke(LeaseRevokeRequest.newBuilder().setID(2).build())
                .getHeader()
                .getRevision();
        RangeResponse left = KVGrpc.newBlockingStub(member.anonymous())
                .range(RangeRequest.newBuilder()
                        .setKey(key(0))
                        .setRangeEnd(ByteString.copyFromUtf8("l"))
                        .setCountOnly(true)
                        .build());
        assertThat(left.getCount()).isEqualTo(KEYS - KEYS / LEASES);
        assertThat(left.getHeader().getRevision()).isEqualTo(revision);
        assertThat(revision).isEqualTo(1 + KEYS / KEYS_PER_TXN + 1);
        assertThat(LeaseGrpc.newBlockingStub(member.anonymous())
                        .leaseTimeToLive(withKeys(1))
                        .getKeysList())
                .isEqualTo(keysOf(1));
    }

    /** Alice may have every key but the last, which is the last to be attached. */
    @Test
    void shouldJudgeByAllKeysOfALease() throws Exception {
        AuthGrpc.AuthBlockingStub auth = AuthGrpc.newBlockingStub(member.anonymous());
        for (String name : List.of("root", "alice")) {
            auth.userAdd(AuthUserAddRequest.newBuilder()
                    .setName(name)
                    .setPassword(name)
                    .build());
            auth.roleAdd(AuthRoleAddRequest.newBuilder().setName(name).build());
            auth.userGrantRole(AuthUserGrantRoleRequest.newBuilder()
                    .setUser(name)
                    .setRole(name)
                    .build());
        }
        auth.roleGrantPermission(AuthRoleGrantPermissionRequest.newBuilder()
                .setName("alice")
                .setPerm(Permission.newBuilder()
                        .setPermType(Permission.Type.READWRITE)
                        .setKey(key(0))
                        .setRangeEnd(key(KEYS - 1)))
                .build());
        auth.authEnable(AuthEnableRequest.getDefaultInstance());
        long refused = leaseOf(KEYS - 1);

        restart();
        Channel alice = member.as("alice", "alice");
        assertDenied(() -> LeaseGrpc.newBlockingStub(alice).leaseTimeToLive(withKeys(refused)));
        restart();
        Channel again = member.as("alice", "alice");
        assertDenied(() -> LeaseGrpc.newBlockingStub(again)
                .leaseRevoke(LeaseRevokeRequest.newBuilder().setID(refused).build()));
        restart();
        Channel once = member.as("alice", "alice");
        PutRequest put =
                PutRequest.newBuilder().setKey(key(0)).setLease(refused).build();
        assertDenied(() -> KVGrpc.newBlockingStub(once).put(put));
        restart();
        Channel last = member.as("alice", "alice");
        assertThat(LeaseGrpc.newBlockingStub(last).leaseTimeToLive(withKeys(1)).getKeysList())
                .isEqualTo(keysOf(1));
    }

    private static void assertDenied(ThrowingCallable call) {
        assertThatThrownBy(call).hasMessageContaining(EtcdError.PERMISSION_DENIED.message());
    }
}
