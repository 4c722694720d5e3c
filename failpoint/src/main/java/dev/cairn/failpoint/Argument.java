package dev.cairn.failpoint;

/**
 * What stands in the parentheses of a term. Immutable.
 *
 * @param text as it is printed: without quotes
 */
record Argument(Kind kind, String text) {
    enum Kind {
        NONE,
        TEXT,
        NUMBER,
        FLAG
    }

    static final Argument NONE = new Argument(Kind.NONE, "");
}
