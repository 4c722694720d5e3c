package dev.cairn.it.locks;

import static dev.cairn.it.locks.Session.bytes;
import static dev.cairn.it.locks.Session.outcome;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.authpb.Permission;
import dev.cairn.proto.etcdserverpb.AuthEnableRequest;
import dev.cairn.proto.etcdserverpb.AuthGrpc;
import dev.cairn.proto.etcdserverpb.AuthRoleAddRequest;
import dev.cairn.proto.etcdserverpb.AuthRoleGrantPermissionRequest;
import dev.cairn.proto.etcdserverpb.AuthUserAddRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGrantRoleRequest;
import dev.cairn.proto.etcdserverpb.AuthenticateRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.v3electionpb.CampaignRequest;
import dev.cairn.proto.v3electionpb.ElectionGrpc;
import dev.cairn.proto.v3electionpb.LeaderKey;
import dev.cairn.proto.v3electionpb.LeaderRequest;
import dev.cairn.proto.v3electionpb.LeaderResponse;
import dev.cairn.proto.v3electionpb.ProclaimRequest;
import dev.cairn.proto.v3electionpb.ResignRequest;
import dev.cairn.proto.v3lockpb.LockGrpc;
import dev.cairn.proto.v3lockpb.LockRequest;
import dev.cairn.proto.v3lockpb.UnlockRequest;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: locks and elections are open to whom etcd opens them, with auth on. Method: the same calls of several users to ours and a
 * real etcd: one may use the names' prefixes, one may read them only, one may write them only, one may nothing, one shows a token
 * that is none, one shows none.
 */
@Tag("oracle")
@Timeout(180)
class LocksWithUsersTest {
    private static final Metadata.Key<String> TOKEN = Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);
    private static final List<String> USERS = List.of("root", "both", "reader", "writer", "none");

    @TempDir
    Path directory;

    @Test
    void shouldLetInWhomEtcdLetsIn() throws Exception {
        List<String> ours = run(Programs.ours(), "ours");
        List<String> real = run(Programs.real("etcd"), "real");

        assertThat(ours).isEqualTo(real);
        assertThat(real)
                .contains("both locks: locked", "both leads: e", "none locks: UNKNOWN: etcdserver: permission denied");
    }

    private List<String> run(Path program, String name) throws Exception {
        List<String> transcript = new ArrayList<>();
        try (ServerProcess server = ServerProcess.start(program, directory.resolve(name), "--bcrypt-cost=4")) {
            ManagedChannel channel = NettyChannelBuilder.forTarget(server.target())
                    .usePlaintext()
                    .build();
            try {
                addUsers(channel);
                for (String user : USERS) {
                    script(user, with(channel, login(channel, user)), transcript);
                }
                script("false token", with(channel, "no.token"), transcript);
                script("nobody", channel, transcript);
            } finally {
                channel.shutdownNow();
            }
        }
        return transcript;
    }

    /** Every call of the two services in a user's name, with a lease that the server makes and with one of the user's own. */
    private static void script(String user, Channel channel, List<String> transcript) throws Exception {
        LockGrpc.LockBlockingStub locks = stub(LockGrpc::newBlockingStub, channel);
        ElectionGrpc.ElectionBlockingStub elections = stub(ElectionGrpc::newBlockingStub, channel);
        ByteString[] key = {bytes("l/nokey")};
        transcript.add(user + " locks: "
                + outcome(() -> {
                    key[0] = locks.lock(
                                    LockRequest.newBuilder().setName(bytes("l")).build())
                            .getKey();
                    return "locked";
                }));
        transcript.add(user + " unlocks: "
                + outcome(() -> locks.unlock(
                                UnlockRequest.newBuilder().setKey(key[0]).build())
                        .hasHeader()));
        transcript.add(user + " locks elsewhere: "
                + outcome(() -> locks.lock(LockRequest.newBuilder()
                                .setName(bytes("x-" + user))
                                .build())
                        .hasHeader()));
        transcript.add(user + " grants: "
                + outcome(() -> stub(LeaseGrpc::newBlockingStub, channel)
                        .leaseGrant(LeaseGrantRequest.newBuilder()
                                .setID(lease(user))
                                .setTTL(600)
                                .build())
                        .getTTL()));
        LeaderKey[] leader = {
            LeaderKey.newBuilder().setName(bytes("e")).setKey(bytes("e/1")).build()
        };
        transcript.add(user + " leads: "
                + outcome(() -> {
                    leader[0] = elections
                            .campaign(CampaignRequest.newBuilder()
                                    .setName(bytes("e"))
                                    .setLease(lease(user))
                                    .setValue(bytes(user))
                                    .build())
                            .getLeader();
                    return leader[0].getName().toStringUtf8();
                }));
        LeaderRequest who = LeaderRequest.newBuilder().setName(bytes("e")).build();
        transcript.add(user + " asks: "
                + outcome(() -> elections.leader(who).getKv().getValue().toStringUtf8()));
        if (leader[0].getLease() != 0) {
            transcript.add(user + " observes: "
                    + outcome(() -> {
                        Iterator<LeaderResponse> leaders = elections.observe(who);
                        return leaders.hasNext()
                                ? leaders.next().getKv().getValue().toStringUtf8()
                                : "nothing";
                    }));
        }
        transcript.add(user + " proclaims: "
                + outcome(() -> elections
                        .proclaim(ProclaimRequest.newBuilder()
                                .setLeader(leader[0])
                                .setValue(bytes("again"))
                                .build())
                        .hasHeader()));
        transcript.add(user + " resigns: "
                + outcome(() -> elections
                        .resign(ResignRequest.newBuilder().setLeader(leader[0]).build())
                        .hasHeader()));
    }

    private static void addUsers(Channel channel) {
        AuthGrpc.AuthBlockingStub auth = AuthGrpc.newBlockingStub(channel);
        List<Boolean> done = new ArrayList<>();
        for (String user : USERS) {
            done.add(auth.userAdd(AuthUserAddRequest.newBuilder()
                            .setName(user)
                            .setPassword(user)
                            .build())
                    .hasHeader());
        }
        done.add(auth.userGrantRole(AuthUserGrantRoleRequest.newBuilder()
                        .setUser("root")
                        .setRole("root")
                        .build())
                .hasHeader());
        for (Permission.Type type : List.of(Permission.Type.READWRITE, Permission.Type.READ, Permission.Type.WRITE)) {
            String user =
                    type == Permission.Type.READWRITE ? "both" : type == Permission.Type.READ ? "reader" : "writer";
            done.add(auth.roleAdd(AuthRoleAddRequest.newBuilder().setName(user).build())
                    .hasHeader());
            for (String prefix : List.of("l/", "e/")) {
                done.add(auth.roleGrantPermission(AuthRoleGrantPermissionRequest.newBuilder()
                                .setName(user)
                                .setPerm(Permission.newBuilder()
                                        .setPermType(type)
                                        .setKey(bytes(prefix))
                                        .setRangeEnd(bytes(prefix.charAt(0) + "0")))
                                .build())
                        .hasHeader());
            }
            done.add(auth.userGrantRole(AuthUserGrantRoleRequest.newBuilder()
                            .setUser(user)
                            .setRole(user)
                            .build())
                    .hasHeader());
        }
        done.add(auth.authEnable(AuthEnableRequest.getDefaultInstance()).hasHeader());
        assertThat(done).containsOnly(true);
    }

    private static String login(Channel channel, String user) {
        return AuthGrpc.newBlockingStub(channel)
                .authenticate(AuthenticateRequest.newBuilder()
                        .setName(user)
                        .setPassword(user)
                        .build())
                .getToken();
    }

    private static Channel with(Channel channel, String token) {
        Metadata metadata = new Metadata();
        metadata.put(TOKEN, token);
        return ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(metadata));
    }

    private static <S extends AbstractStub<S>> S stub(Function<Channel, S> factory, Channel channel) {
        return factory.apply(channel).withDeadlineAfter(Session.WAIT_SECONDS, TimeUnit.SECONDS);
    }

    private static long lease(String user) {
        return 1 + Math.max(0, USERS.indexOf(user));
    }
}
