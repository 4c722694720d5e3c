package dev.cairn.auth;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.cairn.mvcc.KeyRange;
import dev.cairn.proto.etcdserverpb.AlarmRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleGetRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGetRequest;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseLeasesRequest;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Says who may do what. {@link Operation} is the table; this is the one place that walks a request and asks for each key
 * range in it. Thread-safe: it holds nothing, and judges all of a request by one snapshot.
 *
 * <p>With checking off everything is permitted, but the tables of operations are still looked up.
 */
public final class RequestAuthorizer {
    private static final ByteString ZERO = ByteString.copyFrom(new byte[] {0});

    private final LeaseKeys leaseKeys;

    public RequestAuthorizer(LeaseKeys leaseKeys) {
        this.leaseKeys = leaseKeys;
    }

    /**
     * Judges a request that has come over RPC: right before it is proposed, or, for one that is answered here, when it has
     * waited for its turn.
     *
     * @param request the message of the RPC; for a watch, each request of the stream
     * @return why it is refused, null when it is permitted
     */
    public @Nullable AuthError onServe(AuthSnapshot snapshot, Identity who, Operation operation, Message request) {
        return judge(snapshot, who, operation, operation.onServe(), request);
    }

    /**
     * Judges a transaction that only reads and is therefore answered here, when it has waited for its turn.
     *
     * @return why it is refused, null when it is permitted
     */
    public @Nullable AuthError onReadOnlyTxn(AuthSnapshot snapshot, Identity who, TxnRequest request) {
        return snapshot.isEnabled() ? txn(snapshot, who, request) : null;
    }

    /**
     * Judges a log entry where it is applied, by the identity in its header.
     *
     * @return why it is refused, null when it is permitted
     */
    public @Nullable AuthError onApply(AuthSnapshot snapshot, InternalRaftRequest request) {
        if (!snapshot.isEnabled()) {
            return null;
        }
        Operation operation = Operation.of(request);
        if (operation == null) {
            return null;
        }
        Identity who = request.hasHeader()
                ? new Identity(
                        request.getHeader().getUsername(), request.getHeader().getAuthRevision())
                : Identity.NONE;
        return judge(snapshot, who, operation, operation.onApply(), payload(operation, request));
    }

    /** The part of a log entry that a rule looks into; the entry itself where none does. */
    private static Message payload(Operation operation, InternalRaftRequest request) {
        return switch (operation) {
            case PUT -> request.getPut();
            case TXN -> request.getTxn();
            case DELETE_RANGE -> request.getDeleteRange();
            case RANGE -> request.getRange();
            case LEASE_REVOKE -> request.getLeaseRevoke();
            case USER_GET -> request.getAuthUserGet();
            case ROLE_GET -> request.getAuthRoleGet();
            default -> request;
        };
    }

    private @Nullable AuthError judge(
            AuthSnapshot snapshot, Identity who, Operation operation, Operation.Rule rule, Message request) {
        if (!snapshot.isEnabled()) {
            return null;
        }
        return switch (rule) {
            case OPEN -> null;
            case ANYBODY -> snapshot.refusalOfAnybody(who);
            case ADMIN -> snapshot.refusalOfAdmin(who);
            case OWN_USER -> {
                AuthError refusal = snapshot.refusalOfAdmin(who);
                boolean own = ((AuthUserGetRequest) request).getName().equals(who.username());
                yield own ? null : refusal;
            }
            case OWN_ROLE -> {
                AuthError refusal = snapshot.refusalOfAdmin(who);
                boolean own = snapshot.hasRole(who.username(), ((AuthRoleGetRequest) request).getRole());
                yield own ? null : refusal;
            }
            case ALARM ->
                ((AlarmRequest) request).getAction() == AlarmRequest.AlarmAction.GET
                        ? snapshot.refusalOfAnybody(who)
                        : snapshot.refusalOfAdmin(who);
            case KEYS -> keys(snapshot, who, request);
        };
    }

    /** The walker: every key range of the request, whatever it is nested in. */
    private @Nullable AuthError keys(AuthSnapshot snapshot, Identity who, Message request) {
        if (request instanceof RangeRequest range) {
            return snapshot.refusalToRead(who, KeyRange.of(range.getKey(), range.getRangeEnd()));
        }
        if (request instanceof PutRequest put) {
            return put(snapshot, who, put);
        }
        if (request instanceof DeleteRangeRequest delete) {
            KeyRange range = KeyRange.of(delete.getKey(), delete.getRangeEnd());
            AuthError refusal = snapshot.refusalToWrite(who, range);
            return refusal == null && delete.getPrevKv() ? snapshot.refusalToRead(who, range) : refusal;
        }
        if (request instanceof TxnRequest txn) {
            return txn(snapshot, who, txn);
        }
        if (request instanceof WatchRequest watch) {
            return watch.hasCreateRequest() ? watch(snapshot, who, watch.getCreateRequest()) : null;
        }
        if (request instanceof LeaseRevokeRequest revoke) {
            return attached(snapshot, who, revoke.getID(), true);
        }
        if (request instanceof LeaseKeepAliveRequest keepAlive) {
            AuthError refusal = snapshot.refusalOfAnybody(who);
            return refusal == null ? attached(snapshot, who, keepAlive.getID(), true) : refusal;
        }
        if (request instanceof LeaseTimeToLiveRequest timeToLive) {
            AuthError refusal = snapshot.refusalOfAnybody(who);
            return refusal == null && timeToLive.getKeys()
                    ? attached(snapshot, who, timeToLive.getID(), false)
                    : refusal;
        }
        if (request instanceof LeaseLeasesRequest) {
            return leases(snapshot, who);
        }
        throw new IllegalArgumentException(
                "no key ranges known in " + request.getClass().getName());
    }

    private @Nullable AuthError put(AuthSnapshot snapshot, Identity who, PutRequest put) {
        KeyRange key = KeyRange.single(put.getKey());
        AuthError refusal = snapshot.refusalToWrite(who, key);
        if (refusal == null && put.getLease() != 0) {
            // The lease takes the key with it when it ends, and the key's owner might revoke it with what hangs there.
            refusal = attached(snapshot, who, put.getLease(), true);
        }
        return refusal == null && put.getPrevKv() ? snapshot.refusalToRead(who, key) : refusal;
    }

    private @Nullable AuthError txn(AuthSnapshot snapshot, Identity who, TxnRequest txn) {
        for (Compare compare : txn.getCompareList()) {
            AuthError refusal = snapshot.refusalToRead(who, KeyRange.of(compare.getKey(), compare.getRangeEnd()));
            if (refusal != null) {
                return refusal;
            }
        }
        // Both branches, as nobody knows which is taken, and a refusal must not tell.
        AuthError refusal = branch(snapshot, who, txn.getSuccessList());
        return refusal == null ? branch(snapshot, who, txn.getFailureList()) : refusal;
    }

    private @Nullable AuthError branch(AuthSnapshot snapshot, Identity who, List<RequestOp> operations) {
        for (RequestOp operation : operations) {
            AuthError refusal = switch (operation.getRequestCase()) {
                case REQUEST_RANGE -> keys(snapshot, who, operation.getRequestRange());
                case REQUEST_PUT -> keys(snapshot, who, operation.getRequestPut());
                case REQUEST_DELETE_RANGE -> keys(snapshot, who, operation.getRequestDeleteRange());
                case REQUEST_TXN -> keys(snapshot, who, operation.getRequestTxn());
                // Refused as malformed elsewhere.
                case REQUEST_NOT_SET -> null;
            };
            if (refusal != null) {
                return refusal;
            }
        }
        return null;
    }

    private static @Nullable AuthError watch(AuthSnapshot snapshot, Identity who, WatchCreateRequest create) {
        // No key means the first of all, as in the watch itself.
        ByteString key = create.getKey().isEmpty() ? ZERO : create.getKey();
        return snapshot.refusalToRead(who, KeyRange.of(key, create.getRangeEnd()));
    }

    private @Nullable AuthError leases(AuthSnapshot snapshot, Identity who) {
        if (snapshot.refusalOfAdmin(who) == null) {
            return null;
        }
        AuthError refusal = snapshot.refusalOfAnybody(who);
        for (long lease : refusal == null ? leaseKeys.leases() : new long[0]) {
            refusal = attached(snapshot, who, lease, false);
            if (refusal != null) {
                return refusal;
            }
        }
        return refusal;
    }

    private @Nullable AuthError attached(AuthSnapshot snapshot, Identity who, long lease, boolean write) {
        // Most often so, and then there is no need to walk a lease's keys.
        if (snapshot.refusalOfAdmin(who) == null) {
            return null;
        }
        List<ByteString> keys = leaseKeys.attachedKeys(lease);
        if (keys == null) {
            return AuthError.LEASE_KEYS_UNKNOWN;
        }
        for (ByteString key : keys) {
            KeyRange range = KeyRange.single(key);
            AuthError refusal = write ? snapshot.refusalToWrite(who, range) : snapshot.refusalToRead(who, range);
            if (refusal != null) {
                return refusal;
            }
        }
        return null;
    }
}
