package dev.cairn.raft.message;

/** What a membership change does with one node. Numbers and names are etcd's. */
public enum ConfChangeType {
    /** Makes the node a voter. */
    ADD_NODE(0, "ConfChangeAddNode"),
    /** Takes the node out. */
    REMOVE_NODE(1, "ConfChangeRemoveNode"),
    /** Changes nothing here; lets the application carry new attributes of a member through the log. */
    UPDATE_NODE(2, "ConfChangeUpdateNode"),
    /** Makes the node a learner. */
    ADD_LEARNER_NODE(3, "ConfChangeAddLearnerNode");

    private final int number;
    private final String wireName;

    ConfChangeType(int number, String wireName) {
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
     * The type with this number.
     *
     * @throws IllegalArgumentException for a number that etcd does not define
     */
    public static ConfChangeType of(int number) {
        return switch (number) {
            case 0 -> ADD_NODE;
            case 1 -> REMOVE_NODE;
            case 2 -> UPDATE_NODE;
            case 3 -> ADD_LEARNER_NODE;
            default -> throw new IllegalArgumentException("unknown conf change type " + number);
        };
    }
}
