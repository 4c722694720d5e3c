package dev.cairn.raft.message;

/** How a membership change gets from the old configuration to the new one. Numbers and names are etcd's. */
public enum ConfChangeTransition {
    /** A simple change if one suffices, otherwise a joint configuration that is left automatically. */
    AUTO(0, "ConfChangeTransitionAuto"),
    /** Always a joint configuration, left automatically. */
    JOINT_IMPLICIT(1, "ConfChangeTransitionJointImplicit"),
    /** Always a joint configuration, left by a second, empty change. */
    JOINT_EXPLICIT(2, "ConfChangeTransitionJointExplicit");

    private final int number;
    private final String wireName;

    ConfChangeTransition(int number, String wireName) {
        this.number = number;
        this.wireName = wireName;
    }

    /** The number on the wire. */
    public int number() {
        return number;
    }

    /** The name in etcd's log lines. */
    public String wireName() {
        return wireName;
    }

    /**
     * The transition with this number.
     *
     * @throws IllegalArgumentException for a number that etcd does not define
     */
    public static ConfChangeTransition of(int number) {
        return switch (number) {
            case 0 -> AUTO;
            case 1 -> JOINT_IMPLICIT;
            case 2 -> JOINT_EXPLICIT;
            default -> throw new IllegalArgumentException("unknown conf change transition " + number);
        };
    }
}
