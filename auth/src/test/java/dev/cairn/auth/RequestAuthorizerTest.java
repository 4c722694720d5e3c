package dev.cairn.auth;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.cairn.mvcc.MemoryTables;
import dev.cairn.proto.authpb.Permission;
import dev.cairn.proto.etcdserverpb.AlarmRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleAddRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleGetRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleGrantPermissionRequest;
import dev.cairn.proto.etcdserverpb.AuthUserAddRequest;
import dev.cairn.proto.etcdserverpb.AuthUserDeleteRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGetRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGrantRoleRequest;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseLeasesRequest;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestHeader;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.WatchCancelRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Unless a test says otherwise, user alice has one role that may read and write [b, d), read [d, f), write [m, n) and read [p, q]
 * including q, and each expected verdict is that of etcd 3.7.1 on the same request.
 */
@Timeout(60)
class RequestAuthorizerTest {
    private static final int CELLS = 256;
    private static final AuthError DENIED = AuthError.PERMISSION_DENIED;

    private final Map<Long, List<ByteString>> leases = new TreeMap<>();
    private final LeaseKeys leaseKeys = new LeaseKeys() {
        @Override
        public List<ByteString> attachedKeys(long lease) {
            return leases.getOrDefault(lease, List.of());
        }

        @Override
        public long[] leases() {
            return leases.keySet().stream().mapToLong(id -> id).toArray();
        }
    };
    private final RequestAuthorizer authorizer = new RequestAuthorizer(leaseKeys);
    private final AuthStore store = new AuthStore(new MemoryTables(), ByteString::copyFromUtf8, UserTokens.STATELESS);

    @BeforeEach
    void setUp() throws AuthException {
        store.restore();
        for (String user : new String[] {"root", "alice", "bob"}) {
            store.addUser(AuthUserAddRequest.newBuilder()
                    .setName(user)
                    .setPassword("x")
                    .build());
        }
        for (String role : new String[] {"r1", "rw"}) {
            store.addRole(AuthRoleAddRequest.newBuilder().setName(role).build());
        }
        grant(Permission.Type.READWRITE, "b", "d");
        grant(Permission.Type.READ, "d", "f");
        grant(Permission.Type.WRITE, "m", "n");
        grant(Permission.Type.READ, "p", "q");
        grant(Permission.Type.READ, "q", "");
        grantRole("alice", "r1");
        grantRole("root", "root");
        store.enable();
        leases.put(60L, List.of(bytes("x1")));
        leases.put(61L, List.of(bytes("b1")));
        leases.put(62L, List.of(bytes("d1")));
        leases.put(63L, List.of(bytes("m1")));
    }

    private void grant(Permission.Type type, String key, String end) throws AuthException {
        store.grantPermission(AuthRoleGrantPermissionRequest.newBuilder()
                .setName("r1")
                .setPerm(Permission.newBuilder()
                        .setPermType(type)
                        .setKey(bytes(key))
                        .setRangeEnd(bytes(end)))
                .build());
    }

    private void grantRole(String user, String role) throws AuthException {
        store.grantRole(AuthUserGrantRoleRequest.newBuilder()
                .setUser(user)
                .setRole(role)
                .build());
    }

    private static ByteString bytes(String text) {
        return ByteString.copyFromUtf8(text);
    }

    private Identity who(String user) {
        return user.isEmpty()
                ? Identity.NONE
                : new Identity(user, store.snapshot().revision());
    }

    private @Nullable AuthError serve(String user, Operation operation, Message request) {
        return authorizer.onServe(store.snapshot(), who(user), operation, request);
    }

    private @Nullable AuthError apply(Identity who, InternalRaftRequest.Builder request) {
        RequestHeader header = RequestHeader.newBuilder()
                .setUsername(who.username())
                .setAuthRevision(who.revision())
                .build();
        return authorizer.onApply(store.snapshot(), request.setHeader(header).build());
    }

    private static RangeRequest range(String key, String end) {
        return RangeRequest.newBuilder()
                .setKey(bytes(key))
                .setRangeEnd(bytes(end))
                .build();
    }

    private static PutRequest put(String key, long lease, boolean prevKv) {
        return PutRequest.newBuilder()
                .setKey(bytes(key))
                .setLease(lease)
                .setPrevKv(prevKv)
                .build();
    }

    private static DeleteRangeRequest delete(String key, String end, boolean prevKv) {
        return DeleteRangeRequest.newBuilder()
                .setKey(bytes(key))
                .setRangeEnd(bytes(end))
                .setPrevKv(prevKv)
                .build();
    }

    @Test
    void shouldPermitRangesThatLieInOneMergedInterval() {
        String[][] permitted = {
            {"b", ""},
            {"b", "d"},
            {"b", "e"},
            {"c", "f"},
            {"d", "f"},
            {"e\u007f", ""},
            {"p", "q"},
            {"p", "q\0"},
            {"q", ""},
            // Ranges without keys are judged by their start.
            {"e", "b"},
            {"c", "b"},
            {"b", "b"},
            {"d", "d"},
        };
        String[][] denied = {
            {"a", ""},
            {"b", "f1"},
            {"f", ""},
            {"m", ""},
            {"m", "n"},
            {"p", "q\0\0"},
            {"p", "r"},
            {"b", "\0"},
            {"z", "a"},
            {"f", "b"},
            {"f", "c"},
            {"g", "e"},
        };
        for (String[] range : permitted) {
            assertThat(serve("alice", Operation.RANGE, range(range[0], range[1])))
                    .as("%s %s", (Object[]) range)
                    .isNull();
        }
        for (String[] range : denied) {
            assertThat(serve("alice", Operation.RANGE, range(range[0], range[1])))
                    .as("%s %s", (Object[]) range)
                    .isEqualTo(DENIED);
            assertThat(serve("root", Operation.RANGE, range(range[0], range[1])))
                    .isNull();
        }
    }

    @Test
    void shouldJudgeWrites() {
        assertPut(null, put("b", 0, true));
        assertPut(DENIED, put("d", 0, false));
        assertPut(null, put("m", 0, false));
        assertPut(DENIED, put("m", 0, true));
        assertPut(DENIED, put("b2", 60, false));
        assertPut(null, put("b3", 61, false));
        assertPut(DENIED, put("b4", 62, false));
        assertPut(null, put("m4", 63, false));
        assertPut(DENIED, put("m4", 63, true));
        assertPut(DENIED, put("z", 0, false));
        // An unknown lease is found out later.
        assertPut(null, put("b", 999, false));
        assertDelete(null, delete("bb", "", false));
        assertDelete(null, delete("b", "c", true));
        assertDelete(null, delete("m", "", false));
        assertDelete(DENIED, delete("m", "", true));
        assertDelete(DENIED, delete("d", "", false));
        assertDelete(DENIED, delete("m", "n", true));
        assertDelete(null, delete("m", "n", false));
    }

    private void assertPut(@Nullable AuthError expected, PutRequest put) {
        assertThat(apply(who("alice"), InternalRaftRequest.newBuilder().setPut(put)))
                .as("%s", put)
                .isEqualTo(expected);
        assertThat(apply(who("root"), InternalRaftRequest.newBuilder().setPut(put)))
                .isNull();
        assertThat(apply(Identity.NONE, InternalRaftRequest.newBuilder().setPut(put)))
                .isEqualTo(AuthError.USER_EMPTY);
        // Only where it is applied.
        assertThat(serve("", Operation.PUT, put)).isNull();
    }

    private void assertDelete(@Nullable AuthError expected, DeleteRangeRequest delete) {
        assertThat(apply(who("alice"), InternalRaftRequest.newBuilder().setDeleteRange(delete)))
                .as("%s", delete)
                .isEqualTo(expected);
        assertThat(apply(who("root"), InternalRaftRequest.newBuilder().setDeleteRange(delete)))
                .isNull();
    }

    @Test
    void shouldJudgeAllOfTxn() {
        TxnRequest.Builder txn = TxnRequest.newBuilder();
        assertTxn(null, txn);
        assertTxn(DENIED, TxnRequest.newBuilder().addCompare(compare("z", "")));
        assertTxn(DENIED, TxnRequest.newBuilder().addCompare(compare("m", "")));
        assertTxn(null, TxnRequest.newBuilder().addCompare(compare("b", "f")));
        assertTxn(DENIED, TxnRequest.newBuilder().addCompare(compare("b", "g")));
        assertTxn(DENIED, TxnRequest.newBuilder().addSuccess(op(range("z", ""))));
        assertTxn(DENIED, TxnRequest.newBuilder().addFailure(op(range("z", ""))));
        assertTxn(DENIED, TxnRequest.newBuilder().addFailure(op(put("z", 0, false))));
        assertTxn(DENIED, TxnRequest.newBuilder().addSuccess(op(put("m", 0, true))));
        assertTxn(DENIED, TxnRequest.newBuilder().addSuccess(op(put("b", 60, false))));
        assertTxn(null, TxnRequest.newBuilder().addSuccess(op(put("b", 61, false))));
        assertTxn(DENIED, TxnRequest.newBuilder().addSuccess(op(delete("m", "", true))));
        assertTxn(null, TxnRequest.newBuilder().addSuccess(op(delete("m", "", false))));
        assertTxn(DENIED, TxnRequest.newBuilder().addSuccess(op(delete("d", "", false))));
        assertTxn(null, nested(TxnRequest.newBuilder().addSuccess(op(put("b", 0, false)))));
        assertTxn(DENIED, nested(TxnRequest.newBuilder().addSuccess(op(put("z", 0, false)))));
        assertTxn(DENIED, nested(TxnRequest.newBuilder().addFailure(op(put("z", 0, false)))));
        assertTxn(DENIED, nested(TxnRequest.newBuilder().addCompare(compare("z", ""))));
        assertTxn(DENIED, nested(TxnRequest.newBuilder().addSuccess(op(range("z", "")))));
        assertTxn(DENIED, nested(TxnRequest.newBuilder().addSuccess(op(delete("z", "", false)))));
        assertTxn(DENIED, nested(TxnRequest.newBuilder().addSuccess(op(put("b", 60, false)))));
        assertTxn(null, TxnRequest.newBuilder().addSuccess(RequestOp.getDefaultInstance()));
    }

    private void assertTxn(@Nullable AuthError expected, TxnRequest.Builder txn) {
        assertThat(apply(who("alice"), InternalRaftRequest.newBuilder().setTxn(txn)))
                .as("%s", txn)
                .isEqualTo(expected);
        assertThat(authorizer.onReadOnlyTxn(store.snapshot(), who("alice"), txn.build()))
                .isEqualTo(expected);
        assertThat(apply(who("root"), InternalRaftRequest.newBuilder().setTxn(txn)))
                .isNull();
    }

    private static TxnRequest.Builder nested(TxnRequest.Builder inner) {
        return TxnRequest.newBuilder()
                .addFailure(RequestOp.newBuilder()
                        .setRequestTxn(TxnRequest.newBuilder()
                                .addSuccess(RequestOp.newBuilder().setRequestTxn(inner))));
    }

    private static Compare compare(String key, String end) {
        return Compare.newBuilder().setKey(bytes(key)).setRangeEnd(bytes(end)).build();
    }

    private static RequestOp op(Message request) {
        RequestOp.Builder op = RequestOp.newBuilder();
        if (request instanceof RangeRequest range) {
            op.setRequestRange(range);
        } else if (request instanceof PutRequest put) {
            op.setRequestPut(put);
        } else if (request instanceof DeleteRangeRequest delete) {
            op.setRequestDeleteRange(delete);
        } else {
            op.setRequestTxn((TxnRequest) request);
        }
        return op.build();
    }

    @Test
    void shouldJudgeLeasesByTheirKeys() {
        AuthError[] mayRead = {DENIED, null, null, DENIED};
        AuthError[] mayWrite = {DENIED, null, DENIED, null};
        for (int i = 0; i < 4; i++) {
            long id = 60 + i;
            LeaseTimeToLiveRequest.Builder timeToLive =
                    LeaseTimeToLiveRequest.newBuilder().setID(id);
            assertThat(serve("alice", Operation.LEASE_TIME_TO_LIVE, timeToLive.build()))
                    .isNull();
            timeToLive.setKeys(true);
            assertThat(serve("alice", Operation.LEASE_TIME_TO_LIVE, timeToLive.build()))
                    .as("keys of %d", id)
                    .isEqualTo(mayRead[i]);
            assertThat(serve("root", Operation.LEASE_TIME_TO_LIVE, timeToLive.build()))
                    .isNull();
            LeaseKeepAliveRequest keepAlive =
                    LeaseKeepAliveRequest.newBuilder().setID(id).build();
            assertThat(serve("alice", Operation.LEASE_KEEP_ALIVE, keepAlive))
                    .as("renewal of %d", id)
                    .isEqualTo(mayWrite[i]);
            assertThat(serve("root", Operation.LEASE_KEEP_ALIVE, keepAlive)).isNull();
            assertThat(serve("", Operation.LEASE_KEEP_ALIVE, keepAlive)).isEqualTo(AuthError.USER_EMPTY);
            LeaseRevokeRequest revoke =
                    LeaseRevokeRequest.newBuilder().setID(id).build();
            assertThat(serve("alice", Operation.LEASE_REVOKE, revoke)).isNull();
            assertThat(apply(who("alice"), InternalRaftRequest.newBuilder().setLeaseRevoke(revoke)))
                    .as("revoke %d", id)
                    .isEqualTo(mayWrite[i]);
            // The leader revokes in the name of root what has expired.
            assertThat(apply(who("root"), InternalRaftRequest.newBuilder().setLeaseRevoke(revoke)))
                    .isNull();
        }
        LeaseLeasesRequest all = LeaseLeasesRequest.getDefaultInstance();
        assertThat(serve("alice", Operation.LEASE_LEASES, all)).isEqualTo(DENIED);
        assertThat(serve("root", Operation.LEASE_LEASES, all)).isNull();
        leases.remove(60L);
        leases.remove(63L);
        assertThat(serve("alice", Operation.LEASE_LEASES, all)).isNull();
        leases.clear();
        assertThat(serve("", Operation.LEASE_LEASES, all)).isEqualTo(AuthError.USER_EMPTY);
    }

    @Test
    void shouldJudgeCreationOfWatchers() {
        assertThat(watch("alice", "b", "")).isNull();
        assertThat(watch("alice", "b", "d")).isNull();
        assertThat(watch("alice", "c", "b")).isNull();
        assertThat(watch("alice", "z", "")).isEqualTo(DENIED);
        assertThat(watch("alice", "b", "g")).isEqualTo(DENIED);
        assertThat(watch("alice", "z", "a")).isEqualTo(DENIED);
        assertThat(watch("alice", "", "\0")).isEqualTo(DENIED);
        assertThat(watch("root", "", "\0")).isNull();
        assertThat(watch("", "b", "")).isEqualTo(AuthError.USER_EMPTY);
        WatchRequest cancel = WatchRequest.newBuilder()
                .setCancelRequest(WatchCancelRequest.getDefaultInstance())
                .build();
        assertThat(serve("", Operation.WATCH, cancel)).isNull();
    }

    private @Nullable AuthError watch(String user, String key, String end) {
        WatchCreateRequest create = WatchCreateRequest.newBuilder()
                .setKey(bytes(key))
                .setRangeEnd(bytes(end))
                .build();
        return serve(
                user,
                Operation.WATCH,
                WatchRequest.newBuilder().setCreateRequest(create).build());
    }

    /** Columns: without user, alice, root. The calls that go through the log are judged there; see below. */
    @Test
    void shouldJudgeCallsWithoutKeysWhereTheyAreServed() {
        Message any = RangeRequest.getDefaultInstance();
        List<Operation> admin = List.of(
                Operation.COMPACT,
                Operation.MEMBER_ADD,
                Operation.MEMBER_REMOVE,
                Operation.MEMBER_UPDATE,
                Operation.MEMBER_PROMOTE,
                Operation.DEFRAGMENT,
                Operation.HASH,
                Operation.HASH_KV,
                Operation.SNAPSHOT,
                Operation.MOVE_LEADER,
                Operation.DOWNGRADE);
        List<Operation> anybody =
                List.of(Operation.LEASE_GRANT, Operation.LEASE_REVOKE, Operation.MEMBER_LIST, Operation.STATUS);
        for (Operation operation : admin) {
            assertThat(serve("", operation, any)).as("%s", operation).isEqualTo(AuthError.USER_EMPTY);
            assertThat(serve("alice", operation, any)).as("%s", operation).isEqualTo(DENIED);
            assertThat(serve("root", operation, any)).as("%s", operation).isNull();
        }
        for (Operation operation : anybody) {
            assertThat(serve("", operation, any)).as("%s", operation).isEqualTo(AuthError.USER_EMPTY);
            assertThat(serve("alice", operation, any)).as("%s", operation).isNull();
        }
        assertThat(serve("", Operation.AUTH_STATUS, any)).isNull();
        assertThat(serve("", Operation.AUTHENTICATE, any)).isNull();
        AlarmRequest list = AlarmRequest.getDefaultInstance();
        AlarmRequest raise = AlarmRequest.newBuilder()
                .setAction(AlarmRequest.AlarmAction.ACTIVATE)
                .build();
        assertThat(serve("", Operation.ALARM, list)).isEqualTo(AuthError.USER_EMPTY);
        assertThat(serve("alice", Operation.ALARM, list)).isNull();
        assertThat(serve("", Operation.ALARM, raise)).isEqualTo(AuthError.USER_EMPTY);
        assertThat(serve("alice", Operation.ALARM, raise)).isEqualTo(DENIED);
        assertThat(serve("root", Operation.ALARM, raise)).isNull();
    }

    @Test
    void shouldJudgeManagementWhereItIsApplied() {
        InternalRaftRequest.Builder delete = InternalRaftRequest.newBuilder()
                .setAuthUserDelete(AuthUserDeleteRequest.newBuilder().setName("alice"));
        assertThat(apply(Identity.NONE, delete)).isEqualTo(AuthError.USER_EMPTY);
        assertThat(apply(who("alice"), delete)).isEqualTo(DENIED);
        assertThat(apply(who("ghost"), delete)).isEqualTo(AuthError.USER_NOT_FOUND);
        assertThat(apply(who("root"), delete)).isNull();
        // Who has role root is believed whatever the revision.
        assertThat(apply(new Identity("root", 1), delete)).isNull();
        assertThat(apply(who("alice"), userGet("alice"))).isNull();
        assertThat(apply(who("alice"), userGet("bob"))).isEqualTo(DENIED);
        assertThat(apply(Identity.NONE, userGet("alice"))).isEqualTo(AuthError.USER_EMPTY);
        assertThat(apply(who("root"), userGet("bob"))).isNull();
        assertThat(apply(who("alice"), roleGet("r1"))).isNull();
        assertThat(apply(who("alice"), roleGet("rw"))).isEqualTo(DENIED);
        assertThat(apply(Identity.NONE, roleGet("r1"))).isEqualTo(AuthError.USER_EMPTY);
        assertThat(apply(who("root"), roleGet("rw"))).isNull();
        // What members propose by themselves carries no user.
        assertThat(apply(Identity.NONE, InternalRaftRequest.newBuilder().setAlarm(AlarmRequest.getDefaultInstance())))
                .isNull();
        assertThat(authorizer.onApply(store.snapshot(), InternalRaftRequest.getDefaultInstance()))
                .isNull();
    }

    private static InternalRaftRequest.Builder userGet(String name) {
        return InternalRaftRequest.newBuilder()
                .setAuthUserGet(AuthUserGetRequest.newBuilder().setName(name));
    }

    private static InternalRaftRequest.Builder roleGet(String name) {
        return InternalRaftRequest.newBuilder()
                .setAuthRoleGet(AuthRoleGetRequest.newBuilder().setRole(name));
    }

    @Test
    void shouldRefuseRequestsOfOlderRevisions() {
        InternalRaftRequest.Builder put = InternalRaftRequest.newBuilder().setPut(put("b", 0, false));
        long revision = store.snapshot().revision();
        assertThat(apply(new Identity("alice", revision), put)).isNull();
        assertThat(apply(new Identity("alice", revision - 1), put)).isEqualTo(AuthError.OLD_REVISION);
        assertThat(apply(new Identity("root", revision - 1), put)).isEqualTo(AuthError.OLD_REVISION);
        assertThat(apply(new Identity("ghost", revision), put)).isEqualTo(DENIED);
        // A member that lags behind is asked with a newer one.
        assertThat(apply(new Identity("alice", revision + 1), put)).isNull();
        assertThat(apply(new Identity("alice", 0), put)).isEqualTo(AuthError.USER_EMPTY);
    }

    @Test
    void shouldPermitEverythingWhenOff() {
        store.disable();
        assertThat(serve("", Operation.RANGE, range("z", ""))).isNull();
        assertThat(serve("", Operation.DEFRAGMENT, range("z", ""))).isNull();
        assertThat(apply(Identity.NONE, InternalRaftRequest.newBuilder().setPut(put("z", 0, false))))
                .isNull();
        assertThat(authorizer.onReadOnlyTxn(
                        store.snapshot(),
                        Identity.NONE,
                        TxnRequest.newBuilder().addSuccess(op(range("z", ""))).build()))
                .isNull();
    }

    /**
     * Goal: a request is permitted exactly when each key that it could touch is. Method: seeded roles and request trees over one
     * letter keys, against a model that collects the keys a tree reads and writes, key by key.
     */
    @Test
    void shouldAgreeWithModelThatLooksAtEachKey() throws AuthException {
        long base = System.nanoTime();
        for (int run = 0; run < 200; run++) {
            long seed = base + run;
            Random random = new Random(seed);
            AuthStore store = new AuthStore(new MemoryTables(), ByteString::copyFromUtf8, UserTokens.STATELESS);
            boolean[] read = new boolean[CELLS];
            boolean[] write = new boolean[CELLS];
            store.restore();
            for (String user : new String[] {"root", "u"}) {
                store.addUser(AuthUserAddRequest.newBuilder().setName(user).build());
            }
            store.grantRole(AuthUserGrantRoleRequest.newBuilder()
                    .setUser("root")
                    .setRole("root")
                    .build());
            for (int role = 0; role < 3; role++) {
                store.addRole(
                        AuthRoleAddRequest.newBuilder().setName("r" + role).build());
                boolean granted = random.nextInt(4) != 0;
                if (granted) {
                    store.grantRole(AuthUserGrantRoleRequest.newBuilder()
                            .setUser("u")
                            .setRole("r" + role)
                            .build());
                }
                TreeMap<String, Permission> permissions = new TreeMap<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    String[] keys = keys(random);
                    if (end(keys[0], keys[1]) <= cell(keys[0])) {
                        continue;
                    }
                    Permission permission = Permission.newBuilder()
                            .setPermTypeValue(random.nextInt(4))
                            .setKey(bytes(keys[0]))
                            .setRangeEnd(bytes(keys[1]))
                            .build();
                    store.grantPermission(AuthRoleGrantPermissionRequest.newBuilder()
                            .setName("r" + role)
                            .setPerm(permission)
                            .build());
                    permissions.put(keys[0] + "/" + keys[1], permission);
                }
                for (Permission permission : granted ? permissions.values() : List.<Permission>of()) {
                    String key = permission.getKey().toStringUtf8();
                    String end = permission.getRangeEnd().toStringUtf8();
                    int type = permission.getPermTypeValue();
                    for (int c = cell(key); c < end(key, end); c++) {
                        read[c] |= type == 0 || type == 2;
                        write[c] |= type == 1 || type == 2;
                    }
                }
            }
            store.enable();
            leases.clear();
            for (long lease = 1; lease < 4; lease++) {
                List<ByteString> keys = new ArrayList<>();
                for (int i = random.nextInt(3); i > 0; i--) {
                    keys.add(bytes(letter(random)));
                }
                leases.put(lease, keys);
            }
            Identity user = new Identity("u", store.snapshot().revision());
            for (int i = 0; i < 50; i++) {
                Model model = new Model(read, write);
                TxnRequest txn = tree(random, 3, model);
                AuthError expected = model.permitted ? null : DENIED;
                InternalRaftRequest entry = InternalRaftRequest.newBuilder()
                        .setHeader(RequestHeader.newBuilder().setUsername("u").setAuthRevision(user.revision()))
                        .setTxn(txn)
                        .build();
                assertThat(authorizer.onApply(store.snapshot(), entry))
                        .as("seed %d: %s", seed, txn)
                        .isEqualTo(expected);
            }
        }
    }

    private final class Model {
        private final boolean[] read;
        private final boolean[] write;
        private boolean permitted = true;

        Model(boolean[] read, boolean[] write) {
            this.read = read;
            this.write = write;
        }

        void reads(String key, String end) {
            for (int c = cell(key); c < end(key, end); c++) {
                permitted &= read[c];
            }
        }

        void writes(String key, String end) {
            for (int c = cell(key); c < end(key, end); c++) {
                permitted &= write[c];
            }
        }

        void writesAttached(long lease) {
            leases.getOrDefault(lease, List.of()).forEach(key -> writes(key.toStringUtf8(), ""));
        }
    }

    /** Each letter has a cell for itself and one for the keys between it and the next letter. */
    private static int cell(String key) {
        return 2 * key.charAt(0);
    }

    /** The cell behind the range. */
    private static int end(String key, String end) {
        if (end.isEmpty()) {
            return cell(key) + 1;
        }
        return end.charAt(0) == 0 ? CELLS : cell(end);
    }

    private TxnRequest tree(Random random, int depth, Model model) {
        TxnRequest.Builder txn = TxnRequest.newBuilder();
        for (int i = random.nextInt(2); i > 0; i--) {
            String[] keys = nonEmpty(random);
            txn.addCompare(compare(keys[0], keys[1]));
            model.reads(keys[0], keys[1]);
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            RequestOp op = operation(random, depth, model);
            if (random.nextBoolean()) {
                txn.addSuccess(op);
            } else {
                txn.addFailure(op);
            }
        }
        return txn.build();
    }

    private RequestOp operation(Random random, int depth, Model model) {
        String[] keys = nonEmpty(random);
        boolean prevKv = random.nextInt(4) == 0;
        switch (random.nextInt(depth > 0 ? 4 : 3)) {
            case 0 -> {
                model.reads(keys[0], keys[1]);
                return op(range(keys[0], keys[1]));
            }
            case 1 -> {
                long lease = random.nextInt(3) == 0 ? random.nextInt(5) : 0;
                model.writes(keys[0], "");
                model.writesAttached(lease);
                if (prevKv) {
                    model.reads(keys[0], "");
                }
                return op(put(keys[0], lease, prevKv));
            }
            case 2 -> {
                model.writes(keys[0], keys[1]);
                if (prevKv) {
                    model.reads(keys[0], keys[1]);
                }
                return op(delete(keys[0], keys[1], prevKv));
            }
            default -> {
                return op(tree(random, depth - 1, model));
            }
        }
    }

    /** A range that holds at least one letter. */
    private static String[] nonEmpty(Random random) {
        String[] keys = keys(random);
        while (end(keys[0], keys[1]) <= cell(keys[0])) {
            keys = keys(random);
        }
        return keys;
    }

    private static String[] keys(Random random) {
        String end = switch (random.nextInt(5)) {
            case 0 -> "\0";
            case 1, 2 -> letter(random);
            default -> "";
        };
        return new String[] {letter(random), end};
    }

    private static String letter(Random random) {
        return String.valueOf((char) ('a' + random.nextInt(8)));
    }
}
