package dev.cairn.server.membership;

import org.jspecify.annotations.Nullable;

/** Hears how the cluster changes. Called on the apply loop, and once for what is there at start; must not block. */
public interface ClusterListener {
    /** The member belongs to the cluster, or no longer does. */
    void member(long id, boolean present);

    /** The members, or where they are reached, may have changed. */
    default void members(Cluster.View now) {}

    /** The cluster version has changed; before is null at first. */
    void version(@Nullable String before, String now);
}
