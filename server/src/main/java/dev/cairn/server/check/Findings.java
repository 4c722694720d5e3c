package dev.cairn.server.check;

import dev.cairn.server.backup.WorkProgress;

/** Hears what a check finds. Called by the thread that checks. */
public interface Findings extends WorkProgress {
    /** Something is wrong: what and where. May be called for every record. */
    void problem(String what);

    /** Something is as it should be, or will mend itself: what was looked at. */
    void fact(String what);
}
