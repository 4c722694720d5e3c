/**
 * Which nodes belong to the group, and how that may change.
 *
 * <p>Read {@link dev.cairn.raft.membership.Configuration} first, then {@link
 * dev.cairn.raft.membership.ConfigurationChanger} and {@link dev.cairn.raft.membership.ConfigurationException}. All
 * types are immutable. The package knows nothing of how far a member's log is: what a change means for replication is
 * left to whoever applies its result.
 */
@NullMarked
package dev.cairn.raft.membership;

import org.jspecify.annotations.NullMarked;
