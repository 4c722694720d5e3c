package dev.cairn.server.apply;

import com.google.protobuf.MessageLite;
import dev.cairn.auth.AuthError;
import dev.cairn.auth.AuthException;
import dev.cairn.auth.AuthSnapshot;
import dev.cairn.auth.AuthStore;
import dev.cairn.auth.RequestAuthorizer;
import dev.cairn.proto.etcdserverpb.AuthDisableResponse;
import dev.cairn.proto.etcdserverpb.AuthEnableResponse;
import dev.cairn.proto.etcdserverpb.AuthRoleAddResponse;
import dev.cairn.proto.etcdserverpb.AuthRoleDeleteResponse;
import dev.cairn.proto.etcdserverpb.AuthRoleGetResponse;
import dev.cairn.proto.etcdserverpb.AuthRoleGrantPermissionResponse;
import dev.cairn.proto.etcdserverpb.AuthRoleListResponse;
import dev.cairn.proto.etcdserverpb.AuthRoleRevokePermissionResponse;
import dev.cairn.proto.etcdserverpb.AuthStatusResponse;
import dev.cairn.proto.etcdserverpb.AuthUserAddResponse;
import dev.cairn.proto.etcdserverpb.AuthUserChangePasswordResponse;
import dev.cairn.proto.etcdserverpb.AuthUserDeleteResponse;
import dev.cairn.proto.etcdserverpb.AuthUserGetResponse;
import dev.cairn.proto.etcdserverpb.AuthUserGrantRoleResponse;
import dev.cairn.proto.etcdserverpb.AuthUserListResponse;
import dev.cairn.proto.etcdserverpb.AuthUserRevokeRoleResponse;
import dev.cairn.proto.etcdserverpb.AuthenticateResponse;
import dev.cairn.proto.etcdserverpb.InternalAuthenticateRequest;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.server.access.TokenProvider;
import dev.cairn.server.api.EtcdError;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of {@link Applier} that concerns users, roles and permissions: whether an entry is permitted, by the identity it
 * carries and the users of this moment, and what the entries of the Auth service change. Confined to the apply loop.
 */
public final class AuthApplier {
    private static final Logger LOG = LoggerFactory.getLogger(AuthApplier.class);

    private final AuthStore store;
    private final RequestAuthorizer authorizer;
    private final TokenProvider tokens;
    private final LongSupplier revision;

    /** @param revision the current revision of the key store, for the headers of answers */
    public AuthApplier(AuthStore store, RequestAuthorizer authorizer, TokenProvider tokens, LongSupplier revision) {
        this.store = store;
        this.authorizer = authorizer;
        this.tokens = tokens;
        this.revision = revision;
    }

    /** Why the entry is not permitted; null when it is. */
    @Nullable
    EtcdError refusal(InternalRaftRequest request) {
        AuthError refusal = authorizer.onApply(store.snapshot(), request);
        return refusal == null ? null : EtcdError.of(refusal);
    }

    /** Carries out an entry of the Auth service; null for any other. */
    @Nullable
    MessageLite carryOut(InternalRaftRequest request, long index) throws AuthException {
        if (request.hasAuthenticate()) {
            return authenticate(request.getAuthenticate(), index);
        }
        MessageLite answer = read(request);
        if (answer == null) {
            answer = change(request);
        }
        return answer;
    }

    private AuthenticateResponse authenticate(InternalAuthenticateRequest request, long index) throws AuthException {
        store.authenticate(request.getName());
        String token = tokens.assign(request.getSimpleToken(), index, request.getName(), System.nanoTime());
        return AuthenticateResponse.newBuilder()
                .setHeader(header())
                .setToken(token)
                .build();
    }

    private @Nullable MessageLite read(InternalRaftRequest request) throws AuthException {
        AuthSnapshot now = store.snapshot();
        if (request.hasAuthStatus()) {
            return AuthStatusResponse.newBuilder()
                    .setHeader(header())
                    .setEnabled(now.isEnabled())
                    .setAuthRevision(now.revision())
                    .build();
        }
        if (request.hasAuthUserGet()) {
            return AuthUserGetResponse.newBuilder()
                    .setHeader(header())
                    .addAllRoles(now.rolesOf(request.getAuthUserGet().getName()))
                    .build();
        }
        if (request.hasAuthUserList()) {
            return AuthUserListResponse.newBuilder()
                    .setHeader(header())
                    .addAllUsers(now.userNames())
                    .build();
        }
        if (request.hasAuthRoleGet()) {
            return AuthRoleGetResponse.newBuilder()
                    .setHeader(header())
                    .addAllPerm(now.permissionsOf(request.getAuthRoleGet().getRole()))
                    .build();
        }
        if (request.hasAuthRoleList()) {
            return AuthRoleListResponse.newBuilder()
                    .setHeader(header())
                    .addAllRoles(now.roleNames())
                    .build();
        }
        return null;
    }

    private @Nullable MessageLite change(InternalRaftRequest request) throws AuthException {
        if (request.hasAuthEnable()) {
            store.enable();
            LOG.atInfo().log("enabled authentication");
            return AuthEnableResponse.newBuilder().setHeader(header()).build();
        }
        if (request.hasAuthDisable()) {
            store.disable();
            LOG.atInfo().log("disabled authentication");
            return AuthDisableResponse.newBuilder().setHeader(header()).build();
        }
        if (request.hasAuthUserAdd()) {
            store.addUser(request.getAuthUserAdd());
            return AuthUserAddResponse.newBuilder().setHeader(header()).build();
        }
        if (request.hasAuthUserDelete()) {
            store.deleteUser(request.getAuthUserDelete());
            return AuthUserDeleteResponse.newBuilder().setHeader(header()).build();
        }
        if (request.hasAuthUserChangePassword()) {
            store.changePassword(request.getAuthUserChangePassword());
            return AuthUserChangePasswordResponse.newBuilder()
                    .setHeader(header())
                    .build();
        }
        if (request.hasAuthUserGrantRole()) {
            store.grantRole(request.getAuthUserGrantRole());
            return AuthUserGrantRoleResponse.newBuilder().setHeader(header()).build();
        }
        if (request.hasAuthUserRevokeRole()) {
            store.revokeRole(request.getAuthUserRevokeRole());
            return AuthUserRevokeRoleResponse.newBuilder().setHeader(header()).build();
        }
        return changeRole(request);
    }

    private @Nullable MessageLite changeRole(InternalRaftRequest request) throws AuthException {
        if (request.hasAuthRoleAdd()) {
            store.addRole(request.getAuthRoleAdd());
            return AuthRoleAddResponse.newBuilder().setHeader(header()).build();
        }
        if (request.hasAuthRoleDelete()) {
            store.deleteRole(request.getAuthRoleDelete());
            return AuthRoleDeleteResponse.newBuilder().setHeader(header()).build();
        }
        if (request.hasAuthRoleGrantPermission()) {
            store.grantPermission(request.getAuthRoleGrantPermission());
            return AuthRoleGrantPermissionResponse.newBuilder()
                    .setHeader(header())
                    .build();
        }
        if (request.hasAuthRoleRevokePermission()) {
            store.revokePermission(request.getAuthRoleRevokePermission());
            return AuthRoleRevokePermissionResponse.newBuilder()
                    .setHeader(header())
                    .build();
        }
        return null;
    }

    private ResponseHeader header() {
        return ResponseHeader.newBuilder().setRevision(revision.getAsLong()).build();
    }
}
