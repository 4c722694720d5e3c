package dev.cairn.server.apply;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.MessageLite;
import dev.cairn.auth.AuthException;
import dev.cairn.failpoint.FailPoint;
import dev.cairn.lease.LeaseException;
import dev.cairn.lease.Lessor;
import dev.cairn.mvcc.KvException;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.proto.etcdserverpb.AlarmRequest;
import dev.cairn.proto.etcdserverpb.AlarmResponse;
import dev.cairn.proto.etcdserverpb.AlarmType;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.CompactionResponse;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.LeaseCheckpoint;
import dev.cairn.proto.etcdserverpb.LeaseCheckpointResponse;
import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantResponse;
import dev.cairn.proto.etcdserverpb.LeaseRevokeRequest;
import dev.cairn.proto.etcdserverpb.LeaseRevokeResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.raft.message.ConfChange;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.membership.ConfStateFormat;
import dev.cairn.server.thread.NanoClock;
import java.io.IOException;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out one committed entry after the other, each exactly once and the same on every member, and answers whoever
 * proposed it here. Confined to the apply loop.
 *
 * <p>What an entry changes and the fact that it was applied become durable together, so a restart goes on with the entry
 * behind the last durable one. Every outcome that depends on the entry and the state before it alone must come out alike on
 * all members; refusals are such outcomes.
 */
public final class Applier {
    private static final Logger LOG = LoggerFactory.getLogger(Applier.class);

    /** Where releases before 3.7 put requests of the v2 API. */
    private static final int V2_REQUEST_FIELD = 2;

    /**
     * Messages inside messages. An entry has an envelope around a request that may be as deep as gRPC takes it, and other members take
     * deeper ones: as many as 128 transactions inside each other. What is in the log must be read in any case.
     */
    private static final int NESTING_MAX = 1000;

    private final MvccStore store;
    private final Lessor lessor;
    private final ClusterChanges cluster;
    private final Alarms alarms;
    private final Quota quota;
    private final AuthApplier auth;
    private final LongFunction<@Nullable Completion<MessageLite>> proposers;
    private final Runnable raiseNoSpace;
    private @Nullable ApplyMeter meter;
    private NanoClock clock = NanoClock.SYSTEM;

    /**
     * @param proposers the completion that waits for the request with this ID; null when it was not proposed here
     * @param raiseNoSpace proposes that this member's NOSPACE alarm be raised
     */
    public Applier(
            MvccStore store,
            Lessor lessor,
            ClusterChanges cluster,
            Alarms alarms,
            Quota quota,
            AuthApplier auth,
            LongFunction<@Nullable Completion<MessageLite>> proposers,
            Runnable raiseNoSpace) {
        this.store = store;
        this.lessor = lessor;
        this.cluster = cluster;
        this.alarms = alarms;
        this.quota = quota;
        this.auth = auth;
        this.proposers = proposers;
        this.raiseNoSpace = raiseNoSpace;
    }

    /** Who measures requests; to be set before the apply loop runs. */
    public void measureBy(ApplyMeter newMeter) {
        meter = newMeter;
    }

    /** By which clock leases live; to be set before the apply loop runs. */
    public void useClock(NanoClock newClock) {
        clock = newClock;
    }

    /** Attaches some more of the keys that the store holds to their leases; whether there are more. Between two entries. */
    boolean attachMore() {
        return store.attachMore();
    }

    /**
     * Applies the entry and notes that it is applied.
     *
     * @return the change of membership that the Raft core has to make as well; null for any other entry
     */
    @Nullable
    ConfChange apply(Entry entry) {
        (entry.type() == EntryType.NORMAL
                        ? FailPoint.BEFORE_APPLY_ONE_ENTRY_NORMAL
                        : FailPoint.BEFORE_APPLY_ONE_CONF_CHANGE)
                .hit();
        ConfChange change = null;
        if (entry.type() != EntryType.NORMAL) {
            change = cluster.apply(entry);
            store.confState(ConfStateFormat.encode(cluster.view()));
        } else if (!entry.data().isEmpty()) {
            InternalRaftRequest request = decode(entry);
            long id = request.hasHeader() ? request.getHeader().getID() : request.getID();
            Completion<MessageLite> proposer = proposers.apply(id);
            applyNormal(request, proposer, entry);
            return null;
        }
        store.applied(entry.index(), entry.term());
        return change;
    }

    private void applyNormal(InternalRaftRequest request, @Nullable Completion<MessageLite> proposer, Entry entry) {
        long start = System.nanoTime();
        EtcdError error = null;
        MessageLite response = null;
        boolean room = true;
        try {
            error = refusal(request);
            if (error == null) {
                error = auth.refusal(request);
            }
            if (error == null) {
                room = quota.hasRoomFor(request);
                response = carryOut(request, entry.index(), proposer);
            }
        } catch (KvException e) {
            error = EtcdError.of(e);
        } catch (LeaseException e) {
            error = errorOf(e);
        } catch (AuthException e) {
            error = EtcdError.of(e.error());
        }
        store.applied(entry.index(), entry.term());
        if (!room) {
            // The write stays, as it does on every other member; its client learns that it was the last that fits.
            raiseNoSpace.run();
            error = EtcdError.NO_SPACE;
        }
        if (meter != null) {
            meter.applied(request, start, response, error);
        }
        if (proposer == null) {
            return;
        }
        if (error != null) {
            proposer.fail(error);
        } else if (response != null) {
            proposer.complete(response);
        }
    }

    /** What the alarms forbid. */
    private @Nullable EtcdError refusal(InternalRaftRequest request) {
        if (alarms.isActive(AlarmType.CORRUPT)
                && (request.hasPut()
                        || request.hasRange()
                        || request.hasDeleteRange()
                        || request.hasTxn()
                        || request.hasCompaction()
                        || request.hasLeaseGrant()
                        || request.hasLeaseRevoke())) {
            return EtcdError.CORRUPT;
        }
        if (alarms.isActive(AlarmType.NOSPACE) && Quota.isLimited(request)) {
            return EtcdError.NO_SPACE;
        }
        return null;
    }

    /** @return the answer; null when it goes out later */
    private @Nullable MessageLite carryOut(
            InternalRaftRequest request, long index, @Nullable Completion<MessageLite> proposer)
            throws KvException, LeaseException, AuthException {
        if (request.hasPut()) {
            return store.put(request.getPut());
        }
        if (request.hasTxn()) {
            return store.txn(request.getTxn());
        }
        if (request.hasDeleteRange()) {
            return store.deleteRange(request.getDeleteRange());
        }
        if (request.hasLeaseRevoke()) {
            return revoke(request.getLeaseRevoke());
        }
        if (request.hasLeaseGrant()) {
            return grant(request.getLeaseGrant());
        }
        if (request.hasCompaction()) {
            return compact(request.getCompaction(), proposer);
        }
        if (request.hasAlarm()) {
            return alarm(request.getAlarm());
        }
        if (request.hasLeaseCheckpoint()) {
            for (LeaseCheckpoint checkpoint : request.getLeaseCheckpoint().getCheckpointsList()) {
                lessor.checkpoint(checkpoint.getID(), checkpoint.getRemainingTTL(), clock.nanos());
            }
            return LeaseCheckpointResponse.newBuilder().setHeader(header()).build();
        }
        MessageLite ofCluster = cluster.carryOut(request);
        if (ofCluster != null) {
            return ofCluster;
        }
        if (request.hasRange()) {
            // Reads do not change anything and are answered from the store; one in the log needs no work.
            return null;
        }
        MessageLite ofAuth = auth.carryOut(request, index);
        if (ofAuth != null) {
            return ofAuth;
        }
        if (request.getUnknownFields().hasField(V2_REQUEST_FIELD)) {
            // Nothing of the v2 API is kept any more.
            return null;
        }
        throw new IllegalStateException("the log holds a request that this version cannot carry out: " + request);
    }

    private LeaseGrantResponse grant(LeaseGrantRequest request) throws LeaseException {
        long ttl = lessor.grant(request.getID(), request.getTTL(), clock.nanos());
        return LeaseGrantResponse.newBuilder()
                .setHeader(header())
                .setID(request.getID())
                .setTTL(ttl)
                .build();
    }

    private LeaseRevokeResponse revoke(LeaseRevokeRequest request) throws LeaseException {
        // What hangs on the lease must not depend on how far this member has come with attaching keys since its start.
        store.attachAll();
        store.deleteKeys(lessor.revoke(request.getID()));
        return LeaseRevokeResponse.newBuilder().setHeader(header()).build();
    }

    private @Nullable MessageLite compact(CompactionRequest request, @Nullable Completion<MessageLite> proposer)
            throws KvException {
        CompactionResponse.Builder response = CompactionResponse.newBuilder();
        if (!request.getPhysical() || proposer == null) {
            store.scheduleCompaction(request.getRevision(), null);
            return response.setHeader(header()).build();
        }
        CompactionResponse answer = response.setHeader(header()).build();
        store.scheduleCompaction(request.getRevision(), () -> proposer.complete(answer));
        return null;
    }

    private AlarmResponse alarm(AlarmRequest request) {
        AlarmResponse.Builder response = AlarmResponse.newBuilder();
        AlarmType type = request.getAlarm();
        switch (request.getAction()) {
            case GET -> response.addAllAlarms(alarms.list(type));
            case ACTIVATE -> {
                if (type != AlarmType.NONE && type != AlarmType.UNRECOGNIZED) {
                    response.addAlarms(alarms.activate(request.getMemberID(), type));
                    LOG.atWarn()
                            .setMessage("alarm raised")
                            .addKeyValue("alarm", type)
                            .addKeyValue("from", Long.toHexString(request.getMemberID()))
                            .log();
                }
            }
            case DEACTIVATE -> {
                if (type != AlarmType.UNRECOGNIZED && alarms.deactivate(request.getMemberID(), type)) {
                    response.addAlarmsBuilder()
                            .setMemberID(request.getMemberID())
                            .setAlarm(type);
                    LOG.atWarn()
                            .setMessage("alarm disarmed")
                            .addKeyValue("alarm", type)
                            .addKeyValue("from", Long.toHexString(request.getMemberID()))
                            .log();
                }
            }
            case UNRECOGNIZED ->
                LOG.atWarn()
                        .setMessage("alarm request with an unknown action is ignored")
                        .addKeyValue("action", request.getActionValue())
                        .log();
        }
        return response.build();
    }

    private ResponseHeader header() {
        return ResponseHeader.newBuilder().setRevision(store.currentRevision()).build();
    }

    private static InternalRaftRequest decode(Entry entry) {
        try {
            CodedInputStream in = entry.data().newCodedInput();
            in.setRecursionLimit(NESTING_MAX);
            // A value is copied once, into what the store keeps of it.
            in.enableAliasing(true);
            InternalRaftRequest request = InternalRaftRequest.parseFrom(in);
            in.checkLastTagWas(0);
            return request;
        } catch (IOException e) {
            throw new IllegalStateException("entry " + entry.index() + " of the log holds no request", e);
        }
    }

    private static EtcdError errorOf(LeaseException refusal) {
        return switch (refusal.reason()) {
            case LEASE_NOT_FOUND -> EtcdError.LEASE_NOT_FOUND;
            case LEASE_EXISTS -> EtcdError.LEASE_EXISTS;
            case NOT_PRIMARY -> EtcdError.NOT_PRIMARY_LESSOR;
            case TTL_TOO_LARGE -> EtcdError.LEASE_TTL_TOO_LARGE;
        };
    }
}
