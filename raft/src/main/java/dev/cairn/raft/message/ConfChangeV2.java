package dev.cairn.raft.message;

import com.google.protobuf.ByteString;
import java.util.List;

/**
 * A membership change of any number of nodes. Without changes it means: leave the joint configuration.
 *
 * @param context application data, opaque here
 */
public record ConfChangeV2(ConfChangeTransition transition, List<ConfChangeSingle> changes, ByteString context) {
    /** The change that leaves a joint configuration. Its encoding is empty. */
    public static final ConfChangeV2 LEAVE_JOINT =
            new ConfChangeV2(ConfChangeTransition.AUTO, List.of(), ByteString.EMPTY);

    public ConfChangeV2 {
        changes = List.copyOf(changes);
    }

    /** Whether this change asks to leave the joint configuration. */
    public boolean leavesJoint() {
        return transition == ConfChangeTransition.AUTO && changes.isEmpty();
    }

    /** Whether this change goes through a joint configuration: when it is asked for, or when a simple step is too small. */
    public boolean entersJoint() {
        return transition != ConfChangeTransition.AUTO || changes.size() > 1;
    }

    /** Whether the joint configuration entered by this change is left without being asked. */
    public boolean leavesJointByItself() {
        return transition != ConfChangeTransition.JOINT_EXPLICIT;
    }
}
