package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.cairn.auth.Operation;
import dev.cairn.auth.password.PasswordHasher;
import dev.cairn.proto.authpb.Permission;
import dev.cairn.proto.authpb.UserAddOptions;
import dev.cairn.proto.etcdserverpb.AlarmRequest;
import dev.cairn.proto.etcdserverpb.AuthDisableRequest;
import dev.cairn.proto.etcdserverpb.AuthEnableRequest;
import dev.cairn.proto.etcdserverpb.AuthGrpc;
import dev.cairn.proto.etcdserverpb.AuthRoleAddRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleDeleteRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleGrantPermissionRequest;
import dev.cairn.proto.etcdserverpb.AuthStatusRequest;
import dev.cairn.proto.etcdserverpb.AuthStatusResponse;
import dev.cairn.proto.etcdserverpb.AuthUserAddRequest;
import dev.cairn.proto.etcdserverpb.AuthUserChangePasswordRequest;
import dev.cairn.proto.etcdserverpb.AuthUserDeleteRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGetRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGrantRoleRequest;
import dev.cairn.proto.etcdserverpb.AuthUserListRequest;
import dev.cairn.proto.etcdserverpb.AuthUserRevokeRoleRequest;
import dev.cairn.proto.etcdserverpb.AuthenticateRequest;
import dev.cairn.proto.etcdserverpb.ClusterGrpc;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseLeasesRequest;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.MemberAddRequest;
import dev.cairn.proto.etcdserverpb.MemberListRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.server.api.EtcdError;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: nobody gets past the checks, on any way that the wire offers; the holes that etcd had to close are tried one by one.
 * Method: a member behind a real port with user root and user alice, who may read and write [b, d), read [d, f), write [m, n) and
 * read the single key w.
 */
@Timeout(120)
@SuppressWarnings("NullAway.Init") // The fields are set before each test.
class AuthWireTest {
    private static final EtcdError DENIED = EtcdError.PERMISSION_DENIED;
    private static final long WAIT_SECONDS = 20;

    @TempDir
    private Path directory;

    private RunningMember member;
    private Channel root;
    private Channel alice;

    @BeforeEach
    void start() throws Exception {
        member = new RunningMember(directory.resolve("data"), "--bcrypt-cost=4");
        AuthGrpc.AuthBlockingStub auth = AuthGrpc.newBlockingStub(member.anonymous());
        addUser(auth, "root", "r");
        addUser(auth, "alice", "a");
        auth.userGrantRole(AuthUserGrantRoleRequest.newBuilder()
                .setUser("root")
                .setRole("root")
                .build());
        auth.roleAdd(AuthRoleAddRequest.newBuilder().setName("r1").build());
        grant(auth, Permission.Type.READWRITE, "b", "d");
        grant(auth, Permission.Type.READ, "d", "f");
        grant(auth, Permission.Type.WRITE, "m", "n");
        grant(auth, Permission.Type.READ, "w", "");
        auth.userGrantRole(AuthUserGrantRoleRequest.newBuilder()
                .setUser("alice")
                .setRole("r1")
                .build());
        auth.authEnable(AuthEnableRequest.getDefaultInstance());
        root = member.as("root", "r");
        alice = member.as("alice", "a");
    }

    @AfterEach
    void stop() throws InterruptedException {
        member.close();
    }

    private static void addUser(AuthGrpc.AuthBlockingStub auth, String name, String password) {
        auth.userAdd(AuthUserAddRequest.newBuilder()
                .setName(name)
                .setPassword(password)
                .build());
    }

    private static void grant(AuthGrpc.AuthBlockingStub auth, Permission.Type type, String key, String end) {
        auth.roleGrantPermission(AuthRoleGrantPermissionRequest.newBuilder()
                .setName("r1")
                .setPerm(Permission.newBuilder()
                        .setPermType(type)
                        .setKey(bytes(key))
                        .setRangeEnd(bytes(end)))
                .build());
    }

    private static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }

    private static void assertRefused(EtcdError error, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
            assertThat(e.getStatus().getDescription()).isEqualTo(error.message());
            assertThat(e.getStatus().getCode()).isEqualTo(error.status().getCode());
        });
    }

    private static PutRequest.Builder put(String key) {
        return PutRequest.newBuilder().setKey(bytes(key)).setValue(bytes("v"));
    }

    private static RangeRequest range(String key, String end) {
        return RangeRequest.newBuilder()
                .setKey(bytes(key))
                .setRangeEnd(bytes(end))
                .build();
    }

    private static KVGrpc.KVBlockingStub kv(Channel channel) {
        return KVGrpc.newBlockingStub(channel);
    }

    private static LeaseGrpc.LeaseBlockingStub lease(Channel channel) {
        return LeaseGrpc.newBlockingStub(channel);
    }

    private static AuthGrpc.AuthBlockingStub auth(Channel channel) {
        return AuthGrpc.newBlockingStub(channel);
    }

    /** CVE-2026-33413: members, alarms, leases and compaction were open to everybody. Every method there is is tried. */
    @Test
    void shouldRefuseEveryCallWithoutUser() {
        Map<String, Message> requests = Map.of(
                "etcdserverpb.KV/Range", range("b", ""),
                "etcdserverpb.KV/RangeStream", range("b", ""),
                "etcdserverpb.KV/Put", put("b").build(),
                "etcdserverpb.KV/DeleteRange",
                        DeleteRangeRequest.newBuilder().setKey(bytes("b")).build(),
                "etcdserverpb.Auth/UserGet",
                        AuthUserGetRequest.newBuilder().setName("alice").build(),
                "etcdserverpb.KV/Txn",
                        TxnRequest.newBuilder()
                                .addSuccess(RequestOp.newBuilder().setRequestRange(range("b", "")))
                                .build(),
                // Without URLs these would be told that they lack them, by etcd too.
                "etcdserverpb.Cluster/MemberAdd",
                        MemberAddRequest.newBuilder().addPeerURLs("http://h:1").build());
        int tried = 0;
        for (ServiceDescriptor service : List.of(
                KVGrpc.getServiceDescriptor(),
                LeaseGrpc.getServiceDescriptor(),
                ClusterGrpc.getServiceDescriptor(),
                MaintenanceGrpc.getServiceDescriptor(),
                AuthGrpc.getServiceDescriptor())) {
            for (MethodDescriptor<?, ?> method : service.getMethods()) {
                String name = method.getFullMethodName();
                if (name.endsWith("/AuthStatus") || name.endsWith("/Authenticate")) {
                    continue;
                }
                assertThatThrownBy(() -> call(member.anonymous(), method, requests.get(name)))
                        .as(name)
                        .hasMessageContaining(EtcdError.USER_EMPTY.message());
                tried++;
            }
        }
        assertThat(tried).isGreaterThan(35);
        assertThat(auth(member.anonymous())
                        .authStatus(AuthStatusRequest.getDefaultInstance())
                        .getEnabled())
                .isTrue();
    }

    @SuppressWarnings("unchecked")
    private static <Q, R> void call(Channel channel, MethodDescriptor<Q, R> method, @Nullable Message request) {
        Object prototype =
                ((MethodDescriptor.PrototypeMarshaller<Q>) method.getRequestMarshaller()).getMessagePrototype();
        Q message = (Q) (request == null ? prototype : request);
        Iterator<R> answers = ClientCalls.blockingServerStreamingCall(
                channel,
                method.toBuilder()
                        .setType(MethodDescriptor.MethodType.SERVER_STREAMING)
                        .build(),
                CallOptions.DEFAULT.withDeadlineAfter(WAIT_SECONDS, TimeUnit.SECONDS),
                message);
        answers.forEachRemaining(answer -> {});
    }

    @Test
    void shouldServeNoMethodWithoutRowInTheTable() {
        for (ServerServiceDefinition service : member.server().services()) {
            for (ServerMethodDefinition<?, ?> method : service.getMethods()) {
                String name = method.getMethodDescriptor().getFullMethodName();
                if (name.startsWith("etcdserverpb.")) {
                    assertThat(Operation.ofRpc(name)).as(name).isNotNull();
                }
            }
        }
    }

    @Test
    void shouldKeepAdministrationToRoot() {
        assertRefused(
                DENIED,
                () -> kv(alice)
                        .compact(CompactionRequest.newBuilder().setRevision(1).build()));
        assertRefused(
                DENIED,
                () -> MaintenanceGrpc.newBlockingStub(alice)
                        .alarm(AlarmRequest.newBuilder()
                                .setAction(AlarmRequest.AlarmAction.ACTIVATE)
                                .build()));
        assertThat(MaintenanceGrpc.newBlockingStub(alice)
                        .alarm(AlarmRequest.getDefaultInstance())
                        .getAlarmsList())
                .isEmpty();
        assertThat(ClusterGrpc.newBlockingStub(alice)
                        .memberList(MemberListRequest.newBuilder()
                                .setLinearizable(true)
                                .build())
                        .getMembersCount())
                .isEqualTo(1);
        assertRefused(DENIED, () -> auth(alice).userList(AuthUserListRequest.getDefaultInstance()));
        assertRefused(
                DENIED,
                () -> auth(alice)
                        .userGet(AuthUserGetRequest.newBuilder().setName("root").build()));
        assertThat(auth(alice)
                        .userGet(
                                AuthUserGetRequest.newBuilder().setName("alice").build())
                        .getRolesList())
                .containsExactly("r1");
        // Root needs no grants.
        kv(root).put(put("zzz").build());
        assertThat(kv(root).range(range("\0", "\0")).getCount()).isEqualTo(1);
    }

    @Test
    void shouldJudgeRangesByMergedIntervals() {
        kv(root).put(put("c").build());
        kv(root).put(put("e").build());
        // Two grants that touch are one.
        assertThat(kv(alice).range(range("b", "f")).getCount()).isEqualTo(2);
        assertThat(kv(alice)
                        .rangeStream(range("b", "f"))
                        .next()
                        .getRangeResponse()
                        .getKvsCount())
                .isEqualTo(2);
        assertRefused(DENIED, () -> kv(alice).range(range("b", "f0")));
        assertRefused(DENIED, () -> kv(alice).range(range("b", "\0")));
        assertRefused(DENIED, () -> kv(alice).rangeStream(range("a", "f")).next());
        assertRefused(
                DENIED,
                () -> kv(alice)
                        .range(range("a", "f").toBuilder().setSerializable(true).build()));
        assertRefused(DENIED, () -> kv(alice).range(range("m", "")));
    }

    @Test
    void shouldAskForReadPermissionWherePreviousValuesAreShown() {
        kv(root).put(put("m").build());
        kv(alice).put(put("m").build());
        assertRefused(DENIED, () -> kv(alice).put(put("m").setPrevKv(true).build()));
        DeleteRangeRequest.Builder delete = DeleteRangeRequest.newBuilder().setKey(bytes("m"));
        assertRefused(DENIED, () -> kv(alice).deleteRange(delete.setPrevKv(true).build()));
        assertRefused(DENIED, () -> kv(alice).put(put("d").build()));
        assertThat(kv(alice).deleteRange(delete.setPrevKv(false).build()).getDeleted())
                .isEqualTo(1);
    }

    private static RequestOp operation(PutRequest.Builder put) {
        return RequestOp.newBuilder().setRequestPut(put).build();
    }

    private static RequestOp nested(RequestOp operation) {
        return RequestOp.newBuilder()
                .setRequestTxn(TxnRequest.newBuilder().addFailure(operation))
                .build();
    }

    private static TxnRequest txn(RequestOp operation) {
        return TxnRequest.newBuilder().addSuccess(operation).build();
    }

    /** CVE-2026-33343: what was nested in a transaction was not looked at. */
    @Test
    void shouldJudgeWhatIsNestedInTransactions() {
        RequestOp read = RequestOp.newBuilder().setRequestRange(range("x", "")).build();
        RequestOp delete = RequestOp.newBuilder()
                .setRequestDeleteRange(DeleteRangeRequest.newBuilder().setKey(bytes("x")))
                .build();
        for (RequestOp operation : List.of(read, delete, operation(put("x")))) {
            RequestOp deeper = operation;
            for (int depth = 0; depth < 4; depth++) {
                TxnRequest request = txn(deeper);
                assertRefused(DENIED, () -> kv(alice).txn(request));
                deeper = nested(deeper);
            }
        }
        Compare compare = Compare.newBuilder().setKey(bytes("x")).build();
        assertRefused(
                DENIED,
                () -> kv(alice).txn(TxnRequest.newBuilder().addCompare(compare).build()));
        // The branch that is not taken counts as well.
        assertRefused(
                DENIED,
                () -> kv(alice)
                        .txn(TxnRequest.newBuilder()
                                .addSuccess(operation(put("b")))
                                .addFailure(operation(put("x")))
                                .build()));
        assertThat(kv(root).range(range("\0", "\0")).getCount()).isZero();
        kv(alice).txn(txn(nested(operation(put("b")))));
    }

    /** etcd issues 21681 and 21685: puts inside transactions showed previous values and took others' leases. */
    @Test
    void shouldJudgePutsInTransactionsAsByThemselves() {
        kv(root).put(put("m").build());
        long foreign = lease(root)
                .leaseGrant(LeaseGrantRequest.newBuilder().setTTL(60).build())
                .getID();
        kv(root).put(put("x").setLease(foreign).build());
        for (PutRequest.Builder put : List.of(put("m").setPrevKv(true), put("b").setLease(foreign))) {
            assertRefused(DENIED, () -> kv(alice).put(put.build()));
            assertRefused(DENIED, () -> kv(alice).txn(txn(operation(put))));
            assertRefused(DENIED, () -> kv(alice).txn(txn(nested(operation(put)))));
        }
        assertThat(kv(root).range(range("b", "")).getCount()).isZero();
    }

    @Test
    void shouldProtectLeasesWithForeignKeys() throws InterruptedException {
        long own = lease(alice)
                .leaseGrant(LeaseGrantRequest.newBuilder().setTTL(60).build())
                .getID();
        long foreign = lease(root)
                .leaseGrant(LeaseGrantRequest.newBuilder().setTTL(60).build())
                .getID();
        kv(alice).put(put("b").setLease(own).build());
        assertThat(lease(alice)
                        .leaseLeases(LeaseLeasesRequest.getDefaultInstance())
                        .getLeasesCount())
                .isEqualTo(2);
        kv(root).put(put("x").setLease(foreign).build());
        assertRefused(DENIED, () -> lease(alice).leaseLeases(LeaseLeasesRequest.getDefaultInstance()));
        assertRefused(
                DENIED,
                () -> lease(alice)
                        .leaseRevoke(
                                LeaseRevokeRequest.newBuilder().setID(foreign).build()));
        LeaseTimeToLiveRequest.Builder timeToLive =
                LeaseTimeToLiveRequest.newBuilder().setID(foreign);
        assertThat(lease(alice).leaseTimeToLive(timeToLive.build()).getGrantedTTL())
                .isEqualTo(60);
        assertRefused(
                DENIED,
                () -> lease(alice).leaseTimeToLive(timeToLive.setKeys(true).build()));
        assertThat(lease(alice).leaseTimeToLive(timeToLive.setID(own).build()).getKeysList())
                .containsExactly(bytes("b"));
        assertThat(keepAlive(alice, own)).isEqualTo("60");
        assertThat(keepAlive(alice, foreign)).isEqualTo(DENIED.message());
        assertThat(keepAlive(root, foreign)).isEqualTo("60");
        assertThat(keepAlive(member.anonymous(), own)).isEqualTo(EtcdError.USER_EMPTY.message());
        lease(alice).leaseRevoke(LeaseRevokeRequest.newBuilder().setID(own).build());
        assertThat(kv(alice).range(range("b", "")).getCount()).isZero();
    }

    /** The renewed time, or why there is none. */
    private static String keepAlive(Channel channel, long id) throws InterruptedException {
        BlockingQueue<String> outcome = new LinkedBlockingQueue<>();
        StreamObserver<LeaseKeepAliveRequest> requests = LeaseGrpc.newStub(channel)
                .leaseKeepAlive(observer(outcome, response -> Long.toString(response.getTTL())));
        requests.onNext(LeaseKeepAliveRequest.newBuilder().setID(id).build());
        String first = outcome.poll(WAIT_SECONDS, TimeUnit.SECONDS);
        assertThat(first).isNotNull();
        requests.onError(Status.CANCELLED.asException());
        return String.valueOf(first);
    }

    private static <R> StreamObserver<R> observer(
            BlockingQueue<String> outcome, java.util.function.Function<R, String> text) {
        return new StreamObserver<>() {
            @Override
            public void onNext(R response) {
                outcome.add(text.apply(response));
            }

            @Override
            public void onError(Throwable cause) {
                outcome.add(String.valueOf(Status.fromThrowable(cause).getDescription()));
            }

            @Override
            public void onCompleted() {
                outcome.add("completed");
            }
        };
    }

    @Test
    void shouldDeleteKeysOfExpiredLeasesInTheNameOfRoot() throws InterruptedException {
        BlockingQueue<WatchResponse> responses = new LinkedBlockingQueue<>();
        StreamObserver<WatchRequest> requests = watch(alice, responses);
        requests.onNext(create("b", "c"));
        assertThat(next(responses).getCreated()).isTrue();
        long id = lease(alice)
                .leaseGrant(LeaseGrantRequest.newBuilder().setTTL(1).build())
                .getID();
        kv(alice).put(put("b").setLease(id).build());
        assertThat(next(responses).getEvents(0).getTypeValue()).isZero();
        assertThat(next(responses).getEvents(0).getTypeValue()).isEqualTo(1);
        requests.onCompleted();
    }

    private static WatchRequest create(String key, String end) {
        return WatchRequest.newBuilder()
                .setCreateRequest(
                        WatchCreateRequest.newBuilder().setKey(bytes(key)).setRangeEnd(bytes(end)))
                .build();
    }

    private static WatchResponse next(BlockingQueue<WatchResponse> responses) throws InterruptedException {
        WatchResponse response = responses.poll(WAIT_SECONDS, TimeUnit.SECONDS);
        assertThat(response).as("the next response").isNotNull();
        return response;
    }

    private static StreamObserver<WatchRequest> watch(Channel channel, BlockingQueue<WatchResponse> responses) {
        return WatchGrpc.newStub(channel).watch(new StreamObserver<>() {
            @Override
            public void onNext(WatchResponse response) {
                responses.add(response);
            }

            @Override
            public void onError(Throwable cause) {
                // The test's end, or its time limit, tells.
            }

            @Override
            public void onCompleted() {
                // Likewise.
            }
        });
    }

    /** CVE-2026-73499: who might read one key could watch it and all behind it. */
    @Test
    void shouldJudgeEachWatcherByItsWholeRange() throws InterruptedException {
        BlockingQueue<WatchResponse> responses = new LinkedBlockingQueue<>();
        StreamObserver<WatchRequest> requests = watch(alice, responses);
        requests.onNext(create("w", "\0"));
        WatchResponse refused = next(responses);
        assertThat(refused.getWatchId()).isEqualTo(-1);
        assertThat(refused.getCreated()).isTrue();
        assertThat(refused.getCanceled()).isTrue();
        assertThat(refused.getCancelReason())
                .isEqualTo("rpc error: code = PermissionDenied desc = etcdserver: permission denied");
        requests.onNext(create("", "\0"));
        assertThat(next(responses).getCanceled()).isTrue();
        requests.onNext(create("b", "g"));
        assertThat(next(responses).getCanceled()).isTrue();
        requests.onNext(create("w", ""));
        WatchResponse created = next(responses);
        assertThat(created.getCreated()).isTrue();
        assertThat(created.getCanceled()).isFalse();
        kv(root).put(put("x").build());
        kv(root).put(put("w").build());
        assertThat(next(responses).getEvents(0).getKv().getKey()).isEqualTo(bytes("w"));
        requests.onCompleted();

        BlockingQueue<WatchResponse> anonymous = new LinkedBlockingQueue<>();
        watch(member.anonymous(), anonymous).onNext(create("b", ""));
        assertThat(next(anonymous).getCancelReason())
                .isEqualTo("rpc error: code = InvalidArgument desc = etcdserver: user name is empty");
        BlockingQueue<WatchResponse> forged = new LinkedBlockingQueue<>();
        watch(member.with("forged.1"), forged).onNext(create("b", ""));
        assertThat(next(forged).getCancelReason())
                .isEqualTo("rpc error: code = Unauthenticated desc = etcdserver: invalid auth token");
    }

    @Test
    void shouldRefuseTokensThatAreNotOurs() {
        for (String token : List.of("forged", "forged.1", "a.b.c", "")) {
            assertRefused(
                    EtcdError.INVALID_AUTH_TOKEN, () -> kv(member.with(token)).range(range("b", "")));
            assertRefused(
                    EtcdError.INVALID_AUTH_TOKEN, () -> kv(member.with(token)).put(put("b").build()));
        }
        String token = member.login("alice", "a");
        assertThat(token).matches("[A-Za-z]{16}\\.[0-9]+");
        kv(member.with(token)).put(put("b").build());
        kv(member.with("Bearer " + token)).put(put("b").build());
        auth(root)
                .userChangePassword(AuthUserChangePasswordRequest.newBuilder()
                        .setName("alice")
                        .setPassword("new")
                        .build());
        assertRefused(EtcdError.INVALID_AUTH_TOKEN, () -> kv(member.with(token)).put(put("b").build()));
        assertRefused(EtcdError.AUTH_FAILED, () -> member.login("alice", "a"));
        kv(member.as("alice", "new")).put(put("b").build());
    }

    /** The member cannot know yet whether the entry will make such a token, so the calls wait for it. */
    @Test
    void shouldWaitWithTokenOfAnEntryThatIsNotAppliedYet() throws Exception {
        long index = member.server().status().appliedIndex() + 3;
        Channel early = member.with("abcdefghijklmnop." + index);
        List<? extends Future<?>> calls = List.of(
                ClusterGrpc.newFutureStub(early).memberList(MemberListRequest.getDefaultInstance()),
                KVGrpc.newFutureStub(early).range(range("b", "")),
                KVGrpc.newFutureStub(early).put(put("b").build()));
        assertThat(calls).noneMatch(Future::isDone);
        while (member.server().status().appliedIndex() < index) {
            kv(root).put(put("x").build());
        }
        for (Future<?> call : calls) {
            assertThatThrownBy(() -> call.get(WAIT_SECONDS, TimeUnit.SECONDS))
                    .hasMessageContaining(EtcdError.INVALID_AUTH_TOKEN.message());
        }
    }

    @Test
    void shouldRefuseToLockEverybodyOut() {
        EtcdError invalid = EtcdError.INVALID_AUTH_MANAGEMENT;
        assertRefused(
                invalid,
                () -> auth(root)
                        .userDelete(AuthUserDeleteRequest.newBuilder()
                                .setName("root")
                                .build()));
        assertRefused(
                invalid,
                () -> auth(root)
                        .userRevokeRole(AuthUserRevokeRoleRequest.newBuilder()
                                .setName("root")
                                .setRole("root")
                                .build()));
        assertRefused(
                invalid,
                () -> auth(root)
                        .roleDelete(AuthRoleDeleteRequest.newBuilder()
                                .setRole("root")
                                .build()));
        assertRefused(invalid, () -> grant(auth(root), Permission.Type.READ, "z", "a"));
        auth(root).authDisable(AuthDisableRequest.getDefaultInstance());
        kv(member.anonymous()).put(put("x").build());
        assertRefused(EtcdError.AUTH_NOT_ENABLED, () -> member.login("root", "r"));
    }

    @Test
    void shouldLetUsersWithoutPasswordLogInNoWay() {
        auth(root)
                .userAdd(AuthUserAddRequest.newBuilder()
                        .setName("certified")
                        .setOptions(UserAddOptions.newBuilder().setNoPassword(true))
                        .build());
        assertRefused(EtcdError.NO_PASSWORD_USER, () -> member.login("certified", ""));
        assertRefused(EtcdError.AUTH_FAILED, () -> member.login("nobody", "x"));
        assertRefused(EtcdError.AUTH_FAILED, () -> member.login("", ""));
        assertRefused(EtcdError.AUTH_FAILED, () -> member.login("alice", ""));
        assertRefused(EtcdError.PASSWORD_TOO_LONG, () -> addUser(auth(root), "long", "x".repeat(73)));
    }

    @Test
    void shouldTakeHashInPlaceOfPassword() throws Exception {
        ByteString hash = new PasswordHasher(new SecureRandom(), PasswordHasher.COST_MIN).hash("p2");
        AuthUserChangePasswordRequest.Builder change =
                AuthUserChangePasswordRequest.newBuilder().setName("alice");
        String hashed = Base64.getEncoder().encodeToString(hash.toByteArray());
        auth(root).userChangePassword(change.setHashedPassword(hashed).build());
        assertThat(member.login("alice", "p2")).isNotEmpty();
        // With neither, no password fits any more, the empty one included.
        auth(root).userChangePassword(change.clearHashedPassword().build());
        assertRefused(EtcdError.AUTH_FAILED, () -> member.login("alice", "p2"));
        assertRefused(EtcdError.AUTH_FAILED, () -> member.login("alice", ""));
    }

    @Test
    void shouldKeepUsersAndLoseTokensOverRestart() throws Exception {
        String token = member.login("alice", "a");
        AuthStatusResponse before = auth(root).authStatus(AuthStatusRequest.getDefaultInstance());
        assertThat(before.getHeader().getMemberId()).isNotZero();
        assertThat(before.getHeader().getRaftTerm()).isNotZero();
        assertThat(before.getHeader().getRevision()).isEqualTo(1);
        assertThat(before.getAuthRevision()).isGreaterThan(5);
        member.close();
        member = new RunningMember(directory.resolve("data"), "--bcrypt-cost=4");
        AuthStatusResponse after = auth(member.anonymous()).authStatus(AuthStatusRequest.getDefaultInstance());
        assertThat(after.getEnabled()).isTrue();
        assertThat(after.getAuthRevision()).isEqualTo(before.getAuthRevision());
        assertRefused(EtcdError.INVALID_AUTH_TOKEN, () -> kv(member.with(token)).put(put("b").build()));
        Channel again = member.as("alice", "a");
        kv(again).put(put("b").build());
        assertRefused(DENIED, () -> kv(again).put(put("x").build()));
    }

    @Test
    void shouldRefuseSignedTokensOfAnOlderRevision(@TempDir Path keys) throws Exception {
        member.close();
        Path key = KeyFiles.write(keys, "rsa", KeyFiles.rsa().getPrivate().getEncoded());
        member = new RunningMember(
                directory.resolve("data"), "--bcrypt-cost=4", "--auth-token=jwt,sign-method=RS256,priv-key=" + key);
        Channel signed = member.as("alice", "a");
        Channel rootSigned = member.as("root", "r");
        kv(signed).put(put("b").build());
        auth(rootSigned).roleAdd(AuthRoleAddRequest.newBuilder().setName("r2").build());
        assertRefused(EtcdError.AUTH_OLD_REVISION, () -> kv(signed).put(put("b").build()));
        assertRefused(EtcdError.AUTH_OLD_REVISION, () -> kv(signed).range(range("b", "")));
        // Who has role root is believed; who is gone is unknown.
        auth(rootSigned)
                .userDelete(AuthUserDeleteRequest.newBuilder().setName("alice").build());
        assertRefused(EtcdError.USER_NOT_FOUND, () -> auth(signed).userList(AuthUserListRequest.getDefaultInstance()));
        assertThat(auth(rootSigned)
                        .userList(AuthUserListRequest.getDefaultInstance())
                        .getUsersList())
                .containsExactly("root");
    }

    @Test
    void shouldNotPutPasswordsIntoTheLog() throws Exception {
        String secret = "a password that is found nowhere";
        addUser(auth(root), "bob", secret);
        assertThat(member.login("bob", secret)).isNotEmpty();
        assertRefused(
                EtcdError.AUTH_FAILED,
                () -> auth(root)
                        .authenticate(AuthenticateRequest.newBuilder()
                                .setName("bob")
                                .setPassword(secret + "!")
                                .build()));
        member.close();
        try (var files = java.nio.file.Files.walk(directory)) {
            for (Path file : (Iterable<Path>) files.filter(java.nio.file.Files::isRegularFile)::iterator) {
                byte[] content = java.nio.file.Files.readAllBytes(file);
                assertThat(new String(content, java.nio.charset.StandardCharsets.ISO_8859_1))
                        .as(file.toString())
                        .doesNotContain(secret);
            }
        }
        member = new RunningMember(directory.resolve("data"), "--bcrypt-cost=4");
    }
}
