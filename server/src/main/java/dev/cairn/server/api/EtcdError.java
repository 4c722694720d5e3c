package dev.cairn.server.api;

import dev.cairn.auth.AuthError;
import dev.cairn.mvcc.KvException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/**
 * Every error that a client can be told, with etcd's code and etcd's exact text: clients decide by both whether to retry.
 * Immutable; the exceptions carry no stack trace.
 */
public enum EtcdError {
    EMPTY_KEY(Status.Code.INVALID_ARGUMENT, "etcdserver: key is not provided"),
    KEY_NOT_FOUND(Status.Code.INVALID_ARGUMENT, "etcdserver: key not found"),
    VALUE_PROVIDED(Status.Code.INVALID_ARGUMENT, "etcdserver: value is provided"),
    LEASE_PROVIDED(Status.Code.INVALID_ARGUMENT, "etcdserver: lease is provided"),
    TOO_MANY_OPERATIONS(Status.Code.INVALID_ARGUMENT, "etcdserver: too many operations in txn request"),
    DUPLICATE_KEY(Status.Code.INVALID_ARGUMENT, "etcdserver: duplicate key given in txn request"),
    INVALID_CLIENT_API_VERSION(Status.Code.INVALID_ARGUMENT, "etcdserver: invalid client api version"),
    INVALID_SORT_OPTION(Status.Code.INVALID_ARGUMENT, "etcdserver: invalid sort option"),
    COMPACTED(Status.Code.OUT_OF_RANGE, "etcdserver: mvcc: required revision has been compacted"),
    FUTURE_REVISION(Status.Code.OUT_OF_RANGE, "etcdserver: mvcc: required revision is a future revision"),
    NO_SPACE(Status.Code.RESOURCE_EXHAUSTED, "etcdserver: mvcc: database space exceeded"),
    CORRUPT(Status.Code.DATA_LOSS, "etcdserver: corrupt cluster"),

    LEASE_NOT_FOUND(Status.Code.NOT_FOUND, "etcdserver: requested lease not found"),
    LEASE_EXISTS(Status.Code.FAILED_PRECONDITION, "etcdserver: lease already exists"),
    LEASE_TTL_TOO_LARGE(Status.Code.OUT_OF_RANGE, "etcdserver: too large lease TTL"),
    NOT_PRIMARY_LESSOR(Status.Code.UNKNOWN, "not a primary lessor"),

    MEMBER_EXISTS(Status.Code.FAILED_PRECONDITION, "etcdserver: member ID already exist"),
    PEER_URL_EXISTS(Status.Code.FAILED_PRECONDITION, "etcdserver: Peer URLs already exists"),
    MEMBER_NOT_ENOUGH_STARTED(
            Status.Code.UNKNOWN, "etcdserver: re-configuration failed due to not enough started members"),
    MEMBER_BAD_URLS(Status.Code.INVALID_ARGUMENT, "etcdserver: given member URLs are invalid"),
    MEMBER_NOT_FOUND(Status.Code.NOT_FOUND, "etcdserver: member not found"),
    MEMBER_NOT_LEARNER(Status.Code.FAILED_PRECONDITION, "etcdserver: can only promote a learner member"),
    LEARNER_NOT_READY(
            Status.Code.FAILED_PRECONDITION,
            "etcdserver: can only promote a learner member which is in sync with leader"),
    TOO_MANY_LEARNERS(Status.Code.FAILED_PRECONDITION, "etcdserver: too many learner members in cluster"),
    UNHEALTHY(Status.Code.UNAVAILABLE, "etcdserver: unhealthy cluster"),
    NOT_SUPPORTED_FOR_LEARNER(Status.Code.FAILED_PRECONDITION, "etcdserver: rpc not supported for learner"),

    DOWNGRADE_BAD_VERSION_FORMAT(Status.Code.INVALID_ARGUMENT, "etcdserver: wrong downgrade target version format"),
    DOWNGRADE_INVALID_TARGET(Status.Code.INVALID_ARGUMENT, "etcdserver: invalid downgrade target version"),
    DOWNGRADE_NO_CLUSTER_VERSION(
            Status.Code.FAILED_PRECONDITION, "etcdserver: cluster version not found during downgrade"),
    DOWNGRADE_IN_PROGRESS(Status.Code.FAILED_PRECONDITION, "etcdserver: cluster has a downgrade job in progress"),

    REQUEST_TOO_LARGE(Status.Code.INVALID_ARGUMENT, "etcdserver: request is too large"),
    REQUEST_CANCELED(Status.Code.CANCELLED, "etcdserver: request canceled"),
    TOO_MANY_REQUESTS(Status.Code.UNKNOWN, "etcdserver: too many requests"),
    NO_LEADER(Status.Code.UNAVAILABLE, "etcdserver: no leader"),
    NOT_LEADER(Status.Code.FAILED_PRECONDITION, "etcdserver: not leader"),
    LEADER_CHANGED(Status.Code.UNAVAILABLE, "etcdserver: leader changed"),
    BAD_LEADER_TRANSFEREE(Status.Code.FAILED_PRECONDITION, "etcdserver: bad leader transferee"),
    STOPPED(Status.Code.UNAVAILABLE, "etcdserver: server stopped"),
    TIMEOUT(Status.Code.UNAVAILABLE, "etcdserver: request timed out"),
    TIMEOUT_LEADER_FAILURE(
            Status.Code.UNAVAILABLE, "etcdserver: request timed out, possibly due to previous leader failure"),
    TIMEOUT_CONNECTION_LOST(Status.Code.UNAVAILABLE, "etcdserver: request timed out, possibly due to connection lost"),
    TIMEOUT_WAITING_FOR_APPLY(
            Status.Code.UNAVAILABLE, "etcdserver: request timed out, waiting for the applied index took too long"),
    TIMEOUT_LEADER_TRANSFER(Status.Code.UNKNOWN, "etcdserver: request timed out, leader transfer took too long"),
    PROPOSAL_DROPPED(Status.Code.UNKNOWN, "raft proposal dropped"),
    /** The server's own limit: no leader was there to take the request. */
    DEADLINE_EXCEEDED(Status.Code.DEADLINE_EXCEEDED, "context deadline exceeded"),
    NOT_CAPABLE(Status.Code.FAILED_PRECONDITION, "etcdserver: not capable"),
    UNKNOWN_METHOD(Status.Code.UNKNOWN, "etcdserver: unknown method"),

    AUTH_NOT_ENABLED(Status.Code.FAILED_PRECONDITION, "etcdserver: authentication is not enabled"),
    AUTH_FAILED(Status.Code.INVALID_ARGUMENT, "etcdserver: authentication failed, invalid user ID or password"),
    INVALID_AUTH_TOKEN(Status.Code.UNAUTHENTICATED, "etcdserver: invalid auth token"),
    AUTH_OLD_REVISION(Status.Code.INVALID_ARGUMENT, "etcdserver: revision of auth store is old"),
    INVALID_AUTH_MANAGEMENT(Status.Code.INVALID_ARGUMENT, "etcdserver: invalid auth management"),
    PERMISSION_DENIED(Status.Code.PERMISSION_DENIED, "etcdserver: permission denied"),
    PERMISSION_NOT_GIVEN(Status.Code.INVALID_ARGUMENT, "etcdserver: permission not given"),
    PERMISSION_NOT_GRANTED(Status.Code.FAILED_PRECONDITION, "etcdserver: permission is not granted to the role"),
    ROOT_USER_MISSING(Status.Code.FAILED_PRECONDITION, "etcdserver: root user does not exist"),
    ROOT_ROLE_MISSING(Status.Code.FAILED_PRECONDITION, "etcdserver: root user does not have root role"),
    USER_EMPTY(Status.Code.INVALID_ARGUMENT, "etcdserver: user name is empty"),
    USER_EXISTS(Status.Code.FAILED_PRECONDITION, "etcdserver: user name already exists"),
    USER_NOT_FOUND(Status.Code.FAILED_PRECONDITION, "etcdserver: user name not found"),
    ROLE_EMPTY(Status.Code.INVALID_ARGUMENT, "etcdserver: role name is empty"),
    ROLE_EXISTS(Status.Code.FAILED_PRECONDITION, "etcdserver: role name already exists"),
    ROLE_NOT_FOUND(Status.Code.FAILED_PRECONDITION, "etcdserver: role name not found"),
    ROLE_NOT_GRANTED(Status.Code.FAILED_PRECONDITION, "etcdserver: role is not granted to the user"),
    NO_PASSWORD_USER(Status.Code.UNKNOWN, "auth: authentication failed, password was given for no password user"),
    PASSWORD_TOO_LONG(Status.Code.UNKNOWN, "bcrypt: password length exceeds 72 bytes"),
    VERIFY_ONLY(Status.Code.UNKNOWN, "auth: token signing attempted with verify-only key"),

    SESSION_EXPIRED(Status.Code.UNKNOWN, "mutex: session is expired"),
    ELECTION_NO_LEADER(Status.Code.UNKNOWN, "election: no leader"),
    ELECTION_NOT_LEADER(Status.Code.UNKNOWN, "election: not leader"),
    ELECTION_LEADER_MISSING(Status.Code.UNKNOWN, "\"leader\" field must be provided"),

    RANGE_STREAM_SORT(Status.Code.UNIMPLEMENTED, "RangeStream does not support custom sort orders"),
    RANGE_STREAM_FILTERS(Status.Code.UNIMPLEMENTED, "RangeStream does not support revision filters");

    private final Status status;

    EtcdError(Status.Code code, String message) {
        this.status = code.toStatus().withDescription(message);
    }

    public Status status() {
        return status;
    }

    public String message() {
        String text = status.getDescription();
        return text == null ? "" : text;
    }

    /** The error as a call ends with it. */
    public StatusRuntimeException asException() {
        return new StatusRuntimeException(status) {
            private static final long serialVersionUID = 1L;

            @Override
            public Throwable fillInStackTrace() {
                return this;
            }
        };
    }

    /** What the client is told when it may not do what it asks for, or users and roles cannot be changed so. */
    public static EtcdError of(AuthError refusal) {
        return switch (refusal) {
            case ROOT_USER_NOT_FOUND -> ROOT_USER_MISSING;
            case ROOT_ROLE_NOT_GRANTED -> ROOT_ROLE_MISSING;
            case USER_EXISTS -> USER_EXISTS;
            case USER_EMPTY -> USER_EMPTY;
            case USER_NOT_FOUND -> USER_NOT_FOUND;
            case ROLE_EXISTS -> ROLE_EXISTS;
            case ROLE_NOT_FOUND -> ROLE_NOT_FOUND;
            case ROLE_EMPTY -> ROLE_EMPTY;
            case AUTHENTICATION_FAILED -> AUTH_FAILED;
            case NO_PASSWORD_USER -> NO_PASSWORD_USER;
            case PASSWORD_TOO_LONG -> PASSWORD_TOO_LONG;
            case PERMISSION_NOT_GIVEN -> PERMISSION_NOT_GIVEN;
            case PERMISSION_DENIED -> PERMISSION_DENIED;
            case ROLE_NOT_GRANTED -> ROLE_NOT_GRANTED;
            case PERMISSION_NOT_GRANTED -> PERMISSION_NOT_GRANTED;
            case NOT_ENABLED -> AUTH_NOT_ENABLED;
            case INVALID_TOKEN -> INVALID_AUTH_TOKEN;
            case INVALID_MANAGEMENT -> INVALID_AUTH_MANAGEMENT;
            case OLD_REVISION -> AUTH_OLD_REVISION;
            case TOKEN_VERIFY_ONLY -> VERIFY_ONLY;
            // Who can wait does; who cannot is told to come again.
            case LEASE_KEYS_UNKNOWN -> TOO_MANY_REQUESTS;
        };
    }

    /** What the client is told when the store refuses. */
    public static EtcdError of(KvException refusal) {
        return switch (refusal.reason()) {
            case COMPACTED -> COMPACTED;
            case FUTURE_REVISION -> FUTURE_REVISION;
            case KEY_NOT_FOUND -> KEY_NOT_FOUND;
            case LEASE_NOT_FOUND -> LEASE_NOT_FOUND;
        };
    }
}
