package dev.cairn.raft.message;

/** What a log entry carries. Numbers and names are etcd's. */
public enum EntryType {
    /** A request to the state machine, or nothing at all: a new leader starts its term with an empty entry. */
    NORMAL(0, "EntryNormal"),
    /** An encoded {@link ConfChange}. */
    CONF_CHANGE(1, "EntryConfChange"),
    /** An encoded {@link ConfChangeV2}. */
    CONF_CHANGE_V2(2, "EntryConfChangeV2");

    private final int number;
    private final String wireName;

    EntryType(int number, String wireName) {
        this.number = number;
        this.wireName = wireName;
    }

    /** The number on the wire and in the log. */
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
    public static EntryType of(int number) {
        return switch (number) {
            case 0 -> NORMAL;
            case 1 -> CONF_CHANGE;
            case 2 -> CONF_CHANGE_V2;
            default -> throw new IllegalArgumentException("unknown entry type " + number);
        };
    }
}
