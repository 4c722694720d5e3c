package dev.cairn.server.rpc;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.MessageLite;
import dev.cairn.auth.AuthException;
import dev.cairn.auth.password.PasswordHasher;
import dev.cairn.auth.password.PasswordRequests;
import dev.cairn.proto.etcdserverpb.AuthDisableRequest;
import dev.cairn.proto.etcdserverpb.AuthDisableResponse;
import dev.cairn.proto.etcdserverpb.AuthEnableRequest;
import dev.cairn.proto.etcdserverpb.AuthEnableResponse;
import dev.cairn.proto.etcdserverpb.AuthGrpc;
import dev.cairn.proto.etcdserverpb.AuthRoleAddRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleAddResponse;
import dev.cairn.proto.etcdserverpb.AuthRoleDeleteRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleDeleteResponse;
import dev.cairn.proto.etcdserverpb.AuthRoleGetRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleGetResponse;
import dev.cairn.proto.etcdserverpb.AuthRoleGrantPermissionRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleGrantPermissionResponse;
import dev.cairn.proto.etcdserverpb.AuthRoleListRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleListResponse;
import dev.cairn.proto.etcdserverpb.AuthRoleRevokePermissionRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleRevokePermissionResponse;
import dev.cairn.proto.etcdserverpb.AuthStatusRequest;
import dev.cairn.proto.etcdserverpb.AuthStatusResponse;
import dev.cairn.proto.etcdserverpb.AuthUserAddRequest;
import dev.cairn.proto.etcdserverpb.AuthUserAddResponse;
import dev.cairn.proto.etcdserverpb.AuthUserChangePasswordRequest;
import dev.cairn.proto.etcdserverpb.AuthUserChangePasswordResponse;
import dev.cairn.proto.etcdserverpb.AuthUserDeleteRequest;
import dev.cairn.proto.etcdserverpb.AuthUserDeleteResponse;
import dev.cairn.proto.etcdserverpb.AuthUserGetRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGetResponse;
import dev.cairn.proto.etcdserverpb.AuthUserGrantRoleRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGrantRoleResponse;
import dev.cairn.proto.etcdserverpb.AuthUserListRequest;
import dev.cairn.proto.etcdserverpb.AuthUserListResponse;
import dev.cairn.proto.etcdserverpb.AuthUserRevokeRoleRequest;
import dev.cairn.proto.etcdserverpb.AuthUserRevokeRoleResponse;
import dev.cairn.proto.etcdserverpb.AuthenticateRequest;
import dev.cairn.proto.etcdserverpb.AuthenticateResponse;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.Proposer;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;

/**
 * {@code etcdserverpb.Auth}: users, roles and permissions. Everything goes through the log, also what only reads, and is judged
 * there. Passwords are hashed before, on threads of their own. Thread-safe; no call blocks the thread it comes in on.
 */
public final class AuthService extends AuthGrpc.AuthImplBase {
    /** The field of the header in every answer of this service. */
    private static final int HEADER_FIELD = AuthEnableResponse.HEADER_FIELD_NUMBER;

    private final Proposer proposer;
    private final Logins logins;
    private final PasswordHasher hasher;
    private final Executor passwords;
    private final Headers headers;

    /** @param passwords runs what hashes */
    public AuthService(Proposer proposer, Logins logins, PasswordHasher hasher, Executor passwords, Headers headers) {
        this.proposer = proposer;
        this.logins = logins;
        this.hasher = hasher;
        this.passwords = passwords;
        this.headers = headers;
    }

    @Override
    public void authEnable(AuthEnableRequest request, StreamObserver<AuthEnableResponse> call) {
        propose(log().setAuthEnable(request), AuthEnableResponse.class, call);
    }

    @Override
    public void authDisable(AuthDisableRequest request, StreamObserver<AuthDisableResponse> call) {
        propose(log().setAuthDisable(request), AuthDisableResponse.class, call);
    }

    @Override
    public void authStatus(AuthStatusRequest request, StreamObserver<AuthStatusResponse> call) {
        propose(log().setAuthStatus(request), AuthStatusResponse.class, call);
    }

    @Override
    public void authenticate(AuthenticateRequest request, StreamObserver<AuthenticateResponse> call) {
        logins.login(
                request.getName(),
                request.getPassword(),
                Calls.answering(call, answer -> complete(answer, AuthenticateResponse.class)));
    }

    @Override
    public void userAdd(AuthUserAddRequest request, StreamObserver<AuthUserAddResponse> call) {
        hashing(
                call,
                () -> propose(
                        log().setAuthUserAdd(PasswordRequests.hashed(request, hasher)),
                        AuthUserAddResponse.class,
                        call));
    }

    @Override
    public void userGet(AuthUserGetRequest request, StreamObserver<AuthUserGetResponse> call) {
        propose(log().setAuthUserGet(request), AuthUserGetResponse.class, call);
    }

    @Override
    public void userList(AuthUserListRequest request, StreamObserver<AuthUserListResponse> call) {
        propose(log().setAuthUserList(request), AuthUserListResponse.class, call);
    }

    @Override
    public void userDelete(AuthUserDeleteRequest request, StreamObserver<AuthUserDeleteResponse> call) {
        propose(log().setAuthUserDelete(request), AuthUserDeleteResponse.class, call);
    }

    @Override
    public void userChangePassword(
            AuthUserChangePasswordRequest request, StreamObserver<AuthUserChangePasswordResponse> call) {
        hashing(
                call,
                () -> propose(
                        log().setAuthUserChangePassword(PasswordRequests.hashed(request, hasher)),
                        AuthUserChangePasswordResponse.class,
                        call));
    }

    @Override
    public void userGrantRole(AuthUserGrantRoleRequest request, StreamObserver<AuthUserGrantRoleResponse> call) {
        propose(log().setAuthUserGrantRole(request), AuthUserGrantRoleResponse.class, call);
    }

    @Override
    public void userRevokeRole(AuthUserRevokeRoleRequest request, StreamObserver<AuthUserRevokeRoleResponse> call) {
        propose(log().setAuthUserRevokeRole(request), AuthUserRevokeRoleResponse.class, call);
    }

    @Override
    public void roleAdd(AuthRoleAddRequest request, StreamObserver<AuthRoleAddResponse> call) {
        propose(log().setAuthRoleAdd(request), AuthRoleAddResponse.class, call);
    }

    @Override
    public void roleGet(AuthRoleGetRequest request, StreamObserver<AuthRoleGetResponse> call) {
        propose(log().setAuthRoleGet(request), AuthRoleGetResponse.class, call);
    }

    @Override
    public void roleList(AuthRoleListRequest request, StreamObserver<AuthRoleListResponse> call) {
        propose(log().setAuthRoleList(request), AuthRoleListResponse.class, call);
    }

    @Override
    public void roleDelete(AuthRoleDeleteRequest request, StreamObserver<AuthRoleDeleteResponse> call) {
        propose(log().setAuthRoleDelete(request), AuthRoleDeleteResponse.class, call);
    }

    @Override
    public void roleGrantPermission(
            AuthRoleGrantPermissionRequest request, StreamObserver<AuthRoleGrantPermissionResponse> call) {
        propose(log().setAuthRoleGrantPermission(request), AuthRoleGrantPermissionResponse.class, call);
    }

    @Override
    public void roleRevokePermission(
            AuthRoleRevokePermissionRequest request, StreamObserver<AuthRoleRevokePermissionResponse> call) {
        propose(log().setAuthRoleRevokePermission(request), AuthRoleRevokePermissionResponse.class, call);
    }

    private static InternalRaftRequest.Builder log() {
        return InternalRaftRequest.newBuilder();
    }

    private interface HashingWork {
        void run() throws AuthException;
    }

    private void hashing(StreamObserver<?> call, HashingWork work) {
        // The context goes along, as it holds in whose name the request is proposed.
        Runnable inContext = Context.current().wrap(() -> {
            try {
                work.run();
            } catch (AuthException e) {
                Calls.refuse(call, EtcdError.of(e.error()));
            }
        });
        Calls.runOn(passwords, call, inContext);
    }

    private <R extends Message> void propose(
            InternalRaftRequest.Builder request, Class<R> type, StreamObserver<R> call) {
        proposer.propose(request, Calls.answering(call, answer -> complete(answer, type)));
    }

    /** The answer with this member's part of the header. */
    private <R extends Message> R complete(MessageLite applied, Class<R> type) {
        Message.Builder answer = ((Message) applied).toBuilder();
        FieldDescriptor header = answer.getDescriptorForType().findFieldByNumber(HEADER_FIELD);
        answer.setField(header, headers.complete((ResponseHeader) answer.getField(header)));
        return type.cast(answer.build());
    }
}
