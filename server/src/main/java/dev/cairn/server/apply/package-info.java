/**
 * Where a committed log entry meets the stores: the only place that knows both.
 *
 * <p>{@link dev.cairn.server.apply.ApplyLoop} takes committed entries in log order, {@link dev.cairn.server.apply.Applier}
 * turns each into calls on store, leases, members and alarms, and the answer goes to whoever proposed it. Confined to the
 * apply loop. It knows nothing of gRPC.
 */
@NullMarked
package dev.cairn.server.apply;

import org.jspecify.annotations.NullMarked;
