/**
 * Leases: grant, renew, expire, revoke, and which keys hang on which lease. Time arrives as an argument.
 */
@NullMarked
package dev.cairn.lease;

import org.jspecify.annotations.NullMarked;
