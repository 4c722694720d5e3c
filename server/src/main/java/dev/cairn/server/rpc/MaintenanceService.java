package dev.cairn.server.rpc;

import dev.cairn.mvcc.HashKv;
import dev.cairn.mvcc.KvException;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.proto.etcdserverpb.AlarmMember;
import dev.cairn.proto.etcdserverpb.AlarmRequest;
import dev.cairn.proto.etcdserverpb.AlarmResponse;
import dev.cairn.proto.etcdserverpb.AlarmType;
import dev.cairn.proto.etcdserverpb.DefragmentRequest;
import dev.cairn.proto.etcdserverpb.DefragmentResponse;
import dev.cairn.proto.etcdserverpb.DowngradeInfo;
import dev.cairn.proto.etcdserverpb.DowngradeRequest;
import dev.cairn.proto.etcdserverpb.DowngradeResponse;
import dev.cairn.proto.etcdserverpb.HashKVRequest;
import dev.cairn.proto.etcdserverpb.HashKVResponse;
import dev.cairn.proto.etcdserverpb.HashRequest;
import dev.cairn.proto.etcdserverpb.HashResponse;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.MaintenanceGrpc;
import dev.cairn.proto.etcdserverpb.MoveLeaderRequest;
import dev.cairn.proto.etcdserverpb.MoveLeaderResponse;
import dev.cairn.proto.etcdserverpb.SnapshotRequest;
import dev.cairn.proto.etcdserverpb.SnapshotResponse;
import dev.cairn.proto.etcdserverpb.StatusRequest;
import dev.cairn.proto.etcdserverpb.StatusResponse;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.EtcdVersion;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.apply.Alarms;
import dev.cairn.server.apply.Quota;
import dev.cairn.server.backup.SnapshotStreams;
import dev.cairn.server.defragment.Defragmentation;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.LeadershipTransfer;
import dev.cairn.server.version.Downgrades;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code etcdserverpb.Maintenance}. What walks the whole store runs on an executor of its own. Thread-safe; no call blocks
 * the thread it comes in on.
 */
public final class MaintenanceService extends MaintenanceGrpc.MaintenanceImplBase {
    private static final Logger LOG = LoggerFactory.getLogger(MaintenanceService.class);

    private final MvccStore store;
    private final Defragmentation defragmentation;
    private final Proposer proposer;
    private final MemberStatus status;
    private final Alarms alarms;
    private final Quota quota;
    private final Cluster cluster;
    private final LeadershipTransfer leadership;
    private final Downgrades downgrades;
    private final Headers headers;
    private final Executor slow;
    private final SnapshotStreams snapshots;

    /** @param slow runs what takes long */
    public MaintenanceService(
            MvccStore store,
            Proposer proposer,
            MemberStatus status,
            Alarms alarms,
            Quota quota,
            Cluster cluster,
            LeadershipTransfer leadership,
            Downgrades downgrades,
            Headers headers,
            Executor slow,
            SnapshotStreams snapshots) {
        this.store = store;
        this.defragmentation = new Defragmentation(store);
        this.proposer = proposer;
        this.status = status;
        this.alarms = alarms;
        this.quota = quota;
        this.cluster = cluster;
        this.leadership = leadership;
        this.downgrades = downgrades;
        this.headers = headers;
        this.slow = slow;
        this.snapshots = snapshots;
    }

    @Override
    public void status(StatusRequest request, StreamObserver<StatusResponse> call) {
        Cluster.View now = cluster.view();
        StatusResponse.Builder response = StatusResponse.newBuilder()
                .setHeader(headers.current())
                .setVersion(EtcdVersion.SERVER)
                .setDbSize(store.sizeOnDisk())
                .setDbSizeInUse(store.sizeInUse())
                .setDbSizeQuota(quota.limitBytes())
                .setLeader(status.leader())
                .setRaftIndex(status.committedIndex())
                .setRaftTerm(status.term())
                .setRaftAppliedIndex(status.appliedIndex())
                .setIsLearner(status.isLearner())
                .setStorageVersion(now.storageVersion())
                .setDowngradeInfo(downgradeInfo(now.downgradeTarget()));
        if (!status.hasLeader()) {
            response.addErrors(EtcdError.NO_LEADER.message());
        }
        for (AlarmMember alarm : alarms.list(AlarmType.NONE)) {
            response.addErrors("memberID:" + Long.toUnsignedString(alarm.getMemberID()) + " alarm:" + alarm.getAlarm());
        }
        Calls.answer(call, response.build());
    }

    private static DowngradeInfo downgradeInfo(@Nullable String target) {
        return target == null
                ? DowngradeInfo.getDefaultInstance()
                : DowngradeInfo.newBuilder()
                        .setEnabled(true)
                        .setTargetVersion(target)
                        .build();
    }

    @Override
    public void moveLeader(MoveLeaderRequest request, StreamObserver<MoveLeaderResponse> call) {
        leadership.moveTo(
                request.getTargetID(),
                Calls.<Long, MoveLeaderResponse>answering(call, leader -> MoveLeaderResponse.getDefaultInstance()));
    }

    @Override
    public void downgrade(DowngradeRequest request, StreamObserver<DowngradeResponse> call) {
        Completion<String> completion = Calls.<String, DowngradeResponse>answering(
                call,
                version -> DowngradeResponse.newBuilder()
                        .setHeader(headers.current())
                        .setVersion(version)
                        .build());
        switch (request.getAction()) {
            case VALIDATE -> downgrades.validate(request.getVersion(), completion);
            case ENABLE -> downgrades.enable(request.getVersion(), completion);
            case CANCEL -> downgrades.cancel(completion);
            case UNRECOGNIZED -> Calls.refuse(call, EtcdError.UNKNOWN_METHOD);
        }
    }

    @Override
    public void alarm(AlarmRequest request, StreamObserver<AlarmResponse> call) {
        if (request.getAction() == AlarmRequest.AlarmAction.UNRECOGNIZED) {
            Calls.refuse(call, EtcdError.UNKNOWN_METHOD);
            return;
        }
        proposer.propose(
                InternalRaftRequest.newBuilder().setAlarm(request),
                Calls.answering(
                        call,
                        answer -> ((AlarmResponse) answer)
                                .toBuilder().setHeader(headers.current()).build()));
    }

    @Override
    public void hash(HashRequest request, StreamObserver<HashResponse> call) {
        Calls.runOn(
                slow,
                call,
                () -> Calls.answer(
                        call,
                        HashResponse.newBuilder()
                                .setHeader(headers.current())
                                .setHash(store.hash())
                                .build()));
    }

    @Override
    public void hashKV(HashKVRequest request, StreamObserver<HashKVResponse> call) {
        Calls.runOn(slow, call, () -> {
            try {
                HashKv hash = store.hashKv(request.getRevision());
                Calls.answer(
                        call,
                        HashKVResponse.newBuilder()
                                .setHeader(headers.header(hash.currentRevision()))
                                .setHash(hash.hash())
                                .setCompactRevision(hash.compactRevision())
                                .setHashRevision(hash.hashRevision())
                                .build());
            } catch (KvException e) {
                Calls.refuse(call, EtcdError.of(e));
            }
        });
    }

    @Override
    public void snapshot(SnapshotRequest request, StreamObserver<SnapshotResponse> call) {
        snapshots.start((ServerCallStreamObserver<SnapshotResponse>) call);
    }

    @Override
    public void defragment(DefragmentRequest request, StreamObserver<DefragmentResponse> call) {
        Calls.runOn(slow, call, () -> {
            try {
                LOG.info("starting defragment");
                defragmentation.run();
                LOG.info("finished defragment");
                Calls.answer(call, DefragmentResponse.getDefaultInstance());
            } catch (RuntimeException e) {
                LOG.atWarn().setMessage("failed to defragment").setCause(e).log();
                call.onError(Status.UNKNOWN
                        .withDescription(e.getMessage())
                        .withCause(e)
                        .asRuntimeException());
            }
        });
    }
}
