package dev.cairn.mvcc;

import java.util.List;

/** Where the store announces what changed. */
public interface EventListener {
    /**
     * All events of one main revision, in order. Called on the apply loop, once for each revision and in revision order,
     * after the revision has become visible to readers; must not block.
     */
    void onEvents(long mainRevision, List<Event> events);
}
