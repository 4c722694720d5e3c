package dev.cairn.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.auth.AuthStore;
import dev.cairn.auth.LeaseKeys;
import dev.cairn.auth.RequestAuthorizer;
import dev.cairn.auth.UserTokens;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.server.access.Access;
import dev.cairn.server.access.AppliedWaits;
import dev.cairn.server.access.TokenProviders;
import dev.cairn.server.loop.StatusBoard;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GuardTest {
    private final MvccStore tables = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
    private final StatusBoard status = new StatusBoard(0);
    private final LeaseKeys noLeases = new LeaseKeys() {
        @Override
        public List<ByteString> attachedKeys(long lease) {
            return List.of();
        }

        @Override
        public long[] leases() {
            return new long[0];
        }
    };
    private final Access access = new Access(
            new AuthStore(tables, ByteString::copyFromUtf8, UserTokens.STATELESS),
            TokenProviders.none(),
            new RequestAuthorizer(noLeases),
            status,
            new AppliedWaits(status, 1000),
            (executor, then) -> then.complete(true),
            false);

    @AfterEach
    void close() {
        tables.close();
    }

    private static ServerServiceDefinition service(String name, String method) {
        return ServerServiceDefinition.builder(name)
                .addMethod(
                        KVGrpc.getPutMethod().toBuilder()
                                .setFullMethodName(name + "/" + method)
                                .build(),
                        (call, metadata) -> {
                            throw new IllegalStateException("nobody calls");
                        })
                .build();
    }

    @Test
    void shouldNotServeMethodThatIsNotInTheTable() {
        assertThatThrownBy(() -> Guard.of(service("etcdserverpb.KV", "Steal"), access))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("etcdserverpb.KV/Steal");
        ServerServiceDefinition health = service("grpc.health.v1.Health", "Check");
        assertThat(handler(Guard.of(health, access), "grpc.health.v1.Health/Check"))
                .isSameAs(handler(health, "grpc.health.v1.Health/Check"));
    }

    @Test
    void shouldStandBeforeWhatIsJudgedOnArrivalOnly() {
        ServerServiceDefinition kv = new KVGrpc.KVImplBase() {}.bindService();
        ServerServiceDefinition guardedKv = Guard.of(kv, access);
        for (String open : List.of("Range", "Put", "DeleteRange", "Txn", "RangeStream")) {
            assertThat(handler(guardedKv, "etcdserverpb.KV/" + open))
                    .as(open)
                    .isSameAs(handler(kv, "etcdserverpb.KV/" + open));
        }
        assertThat(handler(guardedKv, "etcdserverpb.KV/Compact")).isNotSameAs(handler(kv, "etcdserverpb.KV/Compact"));
        ServerServiceDefinition maintenance = new MaintenanceGrpc.MaintenanceImplBase() {}.bindService();
        ServerServiceDefinition guarded = Guard.of(maintenance, access);
        for (ServerMethodDefinition<?, ?> method : maintenance.getMethods()) {
            String name = method.getMethodDescriptor().getFullMethodName();
            assertThat(handler(guarded, name)).as(name).isNotSameAs(handler(maintenance, name));
        }
    }

    private static ServerCallHandler<?, ?> handler(ServerServiceDefinition service, String method) {
        ServerMethodDefinition<?, ?> definition = service.getMethod(method);
        return Objects.requireNonNull(definition).getServerCallHandler();
    }
}
