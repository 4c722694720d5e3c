package dev.cairn.server.backup;

/** Hears how far work that takes a while has come. Called by the thread that works, often; an implementation looks at the clock itself. */
public interface WorkProgress {
    /** For those who need not know. */
    WorkProgress UNSEEN = (step, done, all) -> {};

    /**
     * @param step what is being done, in a word or two; one follows the other
     * @param done of {@code all} bytes, or of what else the step counts
     */
    void at(String step, long done, long all);
}
