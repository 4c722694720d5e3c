package dev.cairn.server.v2.admin;

/** Hears of what is done to v2 keys on this member, for {@code /v2/stats/store}. Thread-safe; returns at once. */
public interface V2Operations {
    /** What may be done, as etcd tells them apart. */
    enum Kind {
        GET("gets"),
        SET("sets"),
        DELETE("delete"),
        UPDATE("update"),
        CREATE("create"),
        COMPARE_AND_SWAP("compareAndSwap"),
        COMPARE_AND_DELETE("compareAndDelete");

        private final String field;

        Kind(String field) {
            this.field = field;
        }

        /** What the names of its two numbers begin with. */
        String field() {
            return field;
        }
    }

    /** Something was done, or was tried and failed. */
    void done(Kind kind, boolean success);

    /** Keys or directories have reached the end of their time. */
    void expired(long count);
}
