package dev.cairn.server.apply;

import com.google.protobuf.MessageLite;
import dev.cairn.proto.etcdserverpb.AlarmRequest;
import dev.cairn.proto.etcdserverpb.AlarmType;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.InternalRaftRequestOrBuilder;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.api.WriteAdmission;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refuses writes that the quota has no room for, and raises the member's NOSPACE alarm when it does. One proposal for the
 * alarm is under way at most. Thread-safe.
 */
public final class StoreAdmission implements WriteAdmission {
    private static final Logger LOG = LoggerFactory.getLogger(StoreAdmission.class);

    private final Quota quota;
    private final Alarms alarms;
    private final Proposer proposer;
    private final long memberId;
    private final AtomicBoolean raising = new AtomicBoolean();

    public StoreAdmission(Quota quota, Alarms alarms, Proposer proposer, long memberId) {
        this.quota = quota;
        this.alarms = alarms;
        this.proposer = proposer;
        this.memberId = memberId;
    }

    @Override
    public @Nullable EtcdError refusal(InternalRaftRequestOrBuilder request) {
        if (quota.hasRoomFor(request)) {
            return null;
        }
        raiseNoSpace();
        return EtcdError.NO_SPACE;
    }

    /** Proposes this member's NOSPACE alarm unless it is raised already or on its way. */
    public void raiseNoSpace() {
        if (alarms.isActive(AlarmType.NOSPACE) || !raising.compareAndSet(false, true)) {
            return;
        }
        LOG.atWarn()
                .setMessage("message exceeded backend quota; raising alarm")
                .addKeyValue("local-member-id", Long.toHexString(memberId))
                .log();
        AlarmRequest raise = AlarmRequest.newBuilder()
                .setAction(AlarmRequest.AlarmAction.ACTIVATE)
                .setMemberID(memberId)
                .setAlarm(AlarmType.NOSPACE)
                .build();
        proposer.propose(InternalRaftRequest.newBuilder().setAlarm(raise), new Completion<MessageLite>() {
            @Override
            public void complete(MessageLite ignored) {
                raising.set(false);
            }

            @Override
            public void fail(EtcdError error) {
                // The next write that does not fit tries again.
                raising.set(false);
            }
        });
    }
}
