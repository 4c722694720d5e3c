package dev.cairn.mvcc;

/**
 * What the backend holds is not what was written there: a record's checksum does not match, or a record that another one names
 * is missing or belongs to another key. The store takes no writes any more, and nothing of the damaged record is handed out.
 * Repair is not possible from within: the data come back from another member or a backup.
 */
public final class DamagedStoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String damage;

    DamagedStoreException(String damage) {
        super("the store is damaged: " + damage + ". Restore this member from another member or from a backup: "
                + "move its data directory away first, and have the disk checked");
        this.damage = damage;
    }

    /** What is wrong and where, without the advice. */
    public String damage() {
        return damage;
    }
}
