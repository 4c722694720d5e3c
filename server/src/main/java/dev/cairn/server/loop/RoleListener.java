package dev.cairn.server.loop;

import dev.cairn.raft.RaftRole;

/** Hears of changes of leadership. Called on the Raft loop; must not block. */
public interface RoleListener {
    /**
     * The member's role, or the leader that it knows of, has changed.
     *
     * @param leader the leader's ID; 0 when there is none
     */
    void onRole(RaftRole role, long leader, long term);
}
