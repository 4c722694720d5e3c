/**
 * Locks and elections: the two gRPC services beside a real etcd's, and what only ours promises.
 *
 * <p>Read first: {@code LockServicesTest} (one script, two servers, one transcript), {@code Session}, the client's side of
 * both services.
 */
@NullMarked
package dev.cairn.it.locks;

import org.jspecify.annotations.NullMarked;
