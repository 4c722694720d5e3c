package dev.cairn.it.oracle;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.cairn.proto.authpb.Permission;
import dev.cairn.proto.authpb.UserAddOptions;
import dev.cairn.proto.etcdserverpb.AlarmRequest;
import dev.cairn.proto.etcdserverpb.AlarmRequest.AlarmAction;
import dev.cairn.proto.etcdserverpb.AlarmType;
import dev.cairn.proto.etcdserverpb.AuthDisableRequest;
import dev.cairn.proto.etcdserverpb.AuthEnableRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleAddRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleDeleteRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleGetRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleGrantPermissionRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleListRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleRevokePermissionRequest;
import dev.cairn.proto.etcdserverpb.AuthStatusRequest;
import dev.cairn.proto.etcdserverpb.AuthUserAddRequest;
import dev.cairn.proto.etcdserverpb.AuthUserChangePasswordRequest;
import dev.cairn.proto.etcdserverpb.AuthUserDeleteRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGetRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGrantRoleRequest;
import dev.cairn.proto.etcdserverpb.AuthUserListRequest;
import dev.cairn.proto.etcdserverpb.AuthUserRevokeRoleRequest;
import dev.cairn.proto.etcdserverpb.AuthenticateRequest;
import dev.cairn.proto.etcdserverpb.DefragmentRequest;
import dev.cairn.proto.etcdserverpb.DowngradeRequest;
import dev.cairn.proto.etcdserverpb.DowngradeRequest.DowngradeAction;
import dev.cairn.proto.etcdserverpb.HashKVRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.MemberAddRequest;
import dev.cairn.proto.etcdserverpb.MemberListRequest;
import dev.cairn.proto.etcdserverpb.MemberPromoteRequest;
import dev.cairn.proto.etcdserverpb.MemberRemoveRequest;
import dev.cairn.proto.etcdserverpb.MemberUpdateRequest;
import dev.cairn.proto.etcdserverpb.MoveLeaderRequest;
import dev.cairn.proto.etcdserverpb.StatusRequest;
import dev.cairn.proto.v3electionpb.CampaignRequest;
import dev.cairn.proto.v3electionpb.CampaignResponse;
import dev.cairn.proto.v3electionpb.LeaderKey;
import dev.cairn.proto.v3electionpb.LeaderRequest;
import dev.cairn.proto.v3electionpb.ProclaimRequest;
import dev.cairn.proto.v3electionpb.ResignRequest;
import dev.cairn.proto.v3lockpb.LockRequest;
import dev.cairn.proto.v3lockpb.LockResponse;
import dev.cairn.proto.v3lockpb.UnlockRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * The calls of several users: what {@link CallSource} makes, each by somebody, and between them calls to administer users,
 * roles, members and alarms, and to take locks. Confined to the run's thread. What it knows of users and tokens comes from
 * the real etcd's answers.
 *
 * <p>User root always has a password that is known here, so the run never locks itself out.
 */
final class CrowdCalls {
    static final String ROOT = "root";
    private static final List<String> USERS = List.of(ROOT, "alice", "bob", "carol");
    private static final List<String> ROLES = List.of(ROOT, "reader", "writer", "mixed");
    private static final int ADMINISTRATION_PER_MILLE = 260;
    private static final int PASSWORD_TOO_LONG = 73;
    private static final int UNKNOWN_ENUM_NUMBER = 9;
    private static final int CALLS_UNDER_ALARM = 6;
    /** Base 64 of what no password leads to. */
    private static final String HASH_OF_NOTHING = "bm90aGluZw==";

    private static final long UNKNOWN_MEMBER = 4711;

    private final CallSource source;
    private final Random random;
    private final Map<String, String> passwords = new HashMap<>();
    private final Deque<Call> queued = new ArrayDeque<>();
    private final Deque<String> newcomers = new ArrayDeque<>(USERS);
    private final List<AuthRoleGrantPermissionRequest> granted = new ArrayList<>();
    private final List<ByteString> locks = new ArrayList<>();
    private final List<LeaderKey> leaders = new ArrayList<>();
    private boolean enabled;
    private boolean rootNeedsToken;
    private int underAlarm;
    private int names;

    CrowdCalls(CallSource source) {
        this.source = source;
        this.random = source.random();
        source.keepEndsBehindStarts();
        found();
    }

    /** Some users and roles, and checks switched on. */
    private void found() {
        queued.add(addUser(ROOT));
        queued.add(grantRole(ROOT, ROOT));
        for (String role : List.of("reader", "writer", "mixed")) {
            queued.add(new Call(
                    Rpc.ROLE_ADD, AuthRoleAddRequest.newBuilder().setName(role).build()));
            queued.add(permit(role));
            queued.add(permit(role));
        }
        for (String user : List.of("alice", "bob", "carol")) {
            queued.add(addUser(user));
            queued.add(grantRole(user, ROLES.get(1 + random.nextInt(3))));
        }
        queued.add(new Call(Rpc.AUTH_ENABLE, AuthEnableRequest.getDefaultInstance()));
    }

    Call next() {
        if (enabled && rootNeedsToken) {
            return login(ROOT);
        }
        if (!queued.isEmpty()) {
            return queued.removeFirst();
        }
        if (!newcomers.isEmpty()) {
            return login(newcomers.removeFirst());
        }
        if (underAlarm > 0 && --underAlarm == 0) {
            for (AlarmType type : List.of(AlarmType.CORRUPT, AlarmType.NOSPACE)) {
                queued.add(alarm(AlarmAction.DEACTIVATE, type).by(ROOT));
            }
        }
        int dice = random.nextInt(1000);
        if (dice < ADMINISTRATION_PER_MILLE) {
            return administration().by(administrator());
        } else if (dice < ADMINISTRATION_PER_MILLE + 60) {
            return maintenance().by(administrator());
        } else if (dice < ADMINISTRATION_PER_MILLE + 100) {
            return concurrency().by(speaker());
        } else {
            return harmless(source.next().by(speaker()));
        }
    }

    /** A lease with the shortest lifetime could end before somebody who may revoke it does. */
    private static Call harmless(Call call) {
        if (call.request() instanceof LeaseGrantRequest grant && grant.getTTL() <= 1) {
            return new Call(call.rpc(), grant.toBuilder().setTTL(600).build(), call.speaker());
        }
        return call;
    }

    void observe(Call call, Outcome outcome) {
        source.observe(call, outcome);
        if (outcome.status().contains("invalid auth token")
                || outcome.status().contains("revision of auth store is old")) {
            rootNeedsToken |= call.speaker().equals(ROOT);
        }
        if (!outcome.succeeded()) {
            return;
        }
        Message request = call.request();
        if (request instanceof AuthEnableRequest && !enabled) {
            enabled = true;
            rootNeedsToken = true;
        } else if (request instanceof AuthDisableRequest) {
            enabled = false;
        } else if (request instanceof AuthenticateRequest login
                && login.getName().equals(ROOT)) {
            rootNeedsToken = false;
        } else if (request instanceof AuthUserAddRequest add) {
            passwords.put(add.getName(), add.getPassword());
        } else if (request instanceof AuthUserChangePasswordRequest change) {
            passwords.put(change.getName(), change.getPassword());
            rootNeedsToken |= change.getName().equals(ROOT);
        } else if (request instanceof AuthRoleGrantPermissionRequest grant) {
            granted.add(grant);
        } else if (outcome.messages().get(0) instanceof LockResponse lock) {
            locks.add(lock.getKey());
        } else if (outcome.messages().get(0) instanceof CampaignResponse campaign) {
            leaders.add(campaign.getLeader());
        }
    }

    /** Calls that end the run with checks off and no alarm, so that nobody needs to say who they are any more. */
    List<Call> closing() {
        List<Call> calls = new ArrayList<>();
        if (enabled) {
            calls.add(login(ROOT));
            calls.add(new Call(Rpc.AUTH_DISABLE, AuthDisableRequest.getDefaultInstance()).by(ROOT));
        }
        for (AlarmType type : List.of(AlarmType.CORRUPT, AlarmType.NOSPACE)) {
            calls.add(alarm(AlarmAction.DEACTIVATE, type));
        }
        return calls;
    }

    /** Who opens the next watch. */
    String speaker() {
        int dice = random.nextInt(100);
        if (dice < 8) {
            return Call.NOBODY;
        } else if (dice < 11) {
            return Call.FORGER;
        } else if (dice < 13) {
            return Call.MUMBLER;
        }
        return dice < 35 ? ROOT : USERS.get(1 + random.nextInt(3));
    }

    private String administrator() {
        return source.chance(750) ? ROOT : speaker();
    }

    private String user() {
        return source.chance(60) ? (source.chance(500) ? "" : "nobody") : USERS.get(random.nextInt(USERS.size()));
    }

    private String role() {
        return source.chance(60) ? (source.chance(500) ? "" : "nothing") : ROLES.get(random.nextInt(ROLES.size()));
    }

    private Call administration() {
        int dice = random.nextInt(100);
        if (dice < 22) {
            return login(user());
        } else if (dice < 30) {
            return addUser(user());
        } else if (dice < 33) {
            return new Call(
                    Rpc.USER_DELETE,
                    AuthUserDeleteRequest.newBuilder().setName(user()).build());
        } else if (dice < 37) {
            return new Call(
                    Rpc.USER_CHANGE_PASSWORD,
                    AuthUserChangePasswordRequest.newBuilder()
                            .setName(user())
                            .setPassword(password())
                            .setHashedPassword(source.chance(100) ? HASH_OF_NOTHING : "")
                            .build());
        } else if (dice < 43) {
            return new Call(
                    Rpc.USER_GET,
                    AuthUserGetRequest.newBuilder().setName(user()).build());
        } else if (dice < 45) {
            return new Call(Rpc.USER_LIST, AuthUserListRequest.getDefaultInstance());
        } else if (dice < 53) {
            return grantRole(user(), role());
        } else if (dice < 57) {
            return new Call(
                    Rpc.USER_REVOKE_ROLE,
                    AuthUserRevokeRoleRequest.newBuilder()
                            .setName(user())
                            .setRole(role())
                            .build());
        } else if (dice < 61) {
            return new Call(
                    Rpc.ROLE_ADD,
                    AuthRoleAddRequest.newBuilder().setName(role()).build());
        } else if (dice < 64) {
            return new Call(
                    Rpc.ROLE_DELETE,
                    AuthRoleDeleteRequest.newBuilder().setRole(role()).build());
        } else if (dice < 71) {
            return new Call(
                    Rpc.ROLE_GET,
                    AuthRoleGetRequest.newBuilder().setRole(role()).build());
        } else if (dice < 73) {
            return new Call(Rpc.ROLE_LIST, AuthRoleListRequest.getDefaultInstance());
        } else if (dice < 87) {
            return permit(role());
        } else if (dice < 91) {
            return revokePermission();
        } else if (dice < 95) {
            return new Call(Rpc.AUTH_STATUS, AuthStatusRequest.getDefaultInstance());
        } else if (dice < 99) {
            return new Call(Rpc.AUTH_ENABLE, AuthEnableRequest.getDefaultInstance());
        }
        return new Call(Rpc.AUTH_DISABLE, AuthDisableRequest.getDefaultInstance());
    }

    private String password() {
        return source.chance(20) ? "p".repeat(PASSWORD_TOO_LONG) : "p" + random.nextInt(5);
    }

    private Call login(String user) {
        String known = passwords.getOrDefault(user, "p0");
        boolean wrong = !user.equals(ROOT) && source.chance(120);
        return new Call(
                Rpc.AUTHENTICATE,
                AuthenticateRequest.newBuilder()
                        .setName(user)
                        .setPassword(wrong ? "wrong" : known)
                        .build());
    }

    private Call addUser(String user) {
        AuthUserAddRequest.Builder request =
                AuthUserAddRequest.newBuilder().setName(user).setPassword(user.equals(ROOT) ? "p0" : password());
        if (!user.equals(ROOT) && source.chance(150)) {
            request.setOptions(UserAddOptions.newBuilder().setNoPassword(true)).clearPassword();
            if (random.nextBoolean()) {
                request.setHashedPassword(HASH_OF_NOTHING);
            }
        }
        return new Call(Rpc.USER_ADD, request.build());
    }

    private static Call grantRole(String user, String role) {
        return new Call(
                Rpc.USER_GRANT_ROLE,
                AuthUserGrantRoleRequest.newBuilder()
                        .setUser(user)
                        .setRole(role)
                        .build());
    }

    private Call permit(String role) {
        AuthRoleGrantPermissionRequest.Builder request =
                AuthRoleGrantPermissionRequest.newBuilder().setName(role);
        if (!source.chance(40)) {
            ByteString key = source.chance(100) ? ByteString.EMPTY : source.key();
            Permission.Builder permission = Permission.newBuilder().setKey(key).setRangeEnd(source.rangeEnd(key));
            permission.setPermTypeValue(source.chance(30) ? UNKNOWN_ENUM_NUMBER : random.nextInt(3));
            request.setPerm(permission);
        }
        return new Call(Rpc.ROLE_GRANT_PERMISSION, request.build());
    }

    private Call revokePermission() {
        AuthRoleRevokePermissionRequest.Builder request = AuthRoleRevokePermissionRequest.newBuilder();
        if (granted.isEmpty() || source.chance(200)) {
            ByteString key = source.key();
            request.setRole(role()).setKey(key).setRangeEnd(source.rangeEnd(key));
        } else {
            AuthRoleGrantPermissionRequest grant = granted.get(random.nextInt(granted.size()));
            request.setRole(grant.getName())
                    .setKey(grant.getPerm().getKey())
                    .setRangeEnd(grant.getPerm().getRangeEnd());
        }
        return new Call(Rpc.ROLE_REVOKE_PERMISSION, request.build());
    }

    private Call maintenance() {
        switch (random.nextInt(14)) {
            case 0:
                return new Call(Rpc.STATUS, StatusRequest.getDefaultInstance());
            case 1:
                return new Call(Rpc.HASH_KV, HashKVRequest.getDefaultInstance());
            case 2:
                return new Call(Rpc.DEFRAGMENT, DefragmentRequest.getDefaultInstance());
            case 3:
                return new Call(
                        Rpc.MEMBER_LIST,
                        MemberListRequest.newBuilder()
                                .setLinearizable(random.nextBoolean())
                                .build());
            case 4:
                MemberAddRequest.Builder add = MemberAddRequest.newBuilder().setIsLearner(random.nextBoolean());
                if (random.nextBoolean()) {
                    add.addPeerURLs("not a url");
                }
                return new Call(Rpc.MEMBER_ADD, add.build());
            case 5:
                return new Call(
                        Rpc.MEMBER_REMOVE,
                        MemberRemoveRequest.newBuilder().setID(UNKNOWN_MEMBER).build());
            case 6:
                return new Call(
                        Rpc.MEMBER_UPDATE,
                        MemberUpdateRequest.newBuilder()
                                .setID(UNKNOWN_MEMBER)
                                .addPeerURLs("http://127.0.0.1:1")
                                .build());
            case 7:
                return new Call(
                        Rpc.MEMBER_PROMOTE,
                        MemberPromoteRequest.newBuilder().setID(UNKNOWN_MEMBER).build());
            case 8:
                return new Call(
                        Rpc.MOVE_LEADER,
                        MoveLeaderRequest.newBuilder()
                                .setTargetID(UNKNOWN_MEMBER)
                                .build());
            case 9:
                return new Call(
                        Rpc.DOWNGRADE,
                        DowngradeRequest.newBuilder()
                                .setAction(random.nextBoolean() ? DowngradeAction.VALIDATE : DowngradeAction.CANCEL)
                                .setVersion(List.of("3.6.0", "3.6", "3.5.0", "4.0.0", "three", "")
                                        .get(random.nextInt(6)))
                                .build());
            case 10, 11:
                return alarm(AlarmAction.GET, AlarmType.forNumber(random.nextInt(3)));
            default:
                if (underAlarm == 0 && source.chance(300)) {
                    underAlarm = CALLS_UNDER_ALARM;
                    queued.add(new Call(Rpc.STATUS, StatusRequest.getDefaultInstance()).by(ROOT));
                    return alarm(AlarmAction.ACTIVATE, AlarmType.CORRUPT);
                }
                return alarm(AlarmAction.DEACTIVATE, AlarmType.forNumber(random.nextInt(3)));
        }
    }

    private static Call alarm(AlarmAction action, AlarmType type) {
        return new Call(
                Rpc.ALARM,
                AlarmRequest.newBuilder()
                        .setAction(action)
                        .setMemberID(action == AlarmAction.GET ? 0 : UNKNOWN_MEMBER)
                        .setAlarm(type)
                        .build());
    }

    /** Locks and elections under names that nobody else has, so that no call has to wait. */
    private Call concurrency() {
        ByteString name = source.key().concat(ByteString.copyFromUtf8("/lock" + names++));
        switch (random.nextInt(8)) {
            case 0, 1:
                return new Call(
                        Rpc.LOCK,
                        LockRequest.newBuilder()
                                .setName(name)
                                .setLease(explicitLease())
                                .build());
            case 2:
                ByteString held = locks.isEmpty() ? name : locks.get(random.nextInt(locks.size()));
                return new Call(
                        Rpc.UNLOCK, UnlockRequest.newBuilder().setKey(held).build());
            case 3, 4:
                return new Call(
                        Rpc.CAMPAIGN,
                        CampaignRequest.newBuilder()
                                .setName(name)
                                .setLease(explicitLease())
                                .setValue(ByteString.copyFromUtf8("leader"))
                                .build());
            case 5:
                ProclaimRequest.Builder proclaim =
                        ProclaimRequest.newBuilder().setValue(ByteString.copyFromUtf8("still leader"));
                if (!leaders.isEmpty()) {
                    proclaim.setLeader(leaders.get(random.nextInt(leaders.size())));
                }
                return new Call(Rpc.PROCLAIM, proclaim.build());
            case 6:
                ResignRequest.Builder resign = ResignRequest.newBuilder();
                if (!leaders.isEmpty()) {
                    resign.setLeader(leaders.get(random.nextInt(leaders.size())));
                }
                return new Call(Rpc.RESIGN, resign.build());
            default:
                ByteString asked = leaders.isEmpty()
                        ? name
                        : leaders.get(random.nextInt(leaders.size())).getName();
                return new Call(
                        Rpc.LEADER, LeaderRequest.newBuilder().setName(asked).build());
        }
    }

    /** A lease whose id both servers share: it is part of the key. */
    private long explicitLease() {
        long lease = source.lease();
        return CallSource.isServersChoice(lease) ? UNKNOWN_MEMBER : lease;
    }
}
