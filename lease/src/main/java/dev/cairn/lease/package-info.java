/**
 * Leases: grant, renew, expire, revoke, and which keys hang on which lease. Time arrives as an argument.
 *
 * <p>Read {@link dev.cairn.lease.Lessor} first: it holds the roles, the threads and the bounds; then
 * {@link dev.cairn.lease.ExpirySink}, through which it asks for what only a proposal can do, and
 * {@link dev.cairn.lease.ExpiryWheel}, which knows when to look at a lease.
 *
 * <p>The apply loop writes, one duty finds what has expired, any thread renews and asks. The package knows the lease table
 * and that keys hang on leases, but neither the store that holds the keys nor Raft nor RPCs.
 */
@NullMarked
package dev.cairn.lease;

import org.jspecify.annotations.NullMarked;
