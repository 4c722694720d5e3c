/**
 * The JSON gateway and the operational URLs beside a real etcd: the same HTTP requests to both, answers compared as parsed JSON with their
 * status and the headers that mean something.
 *
 * <p>Every test starts both servers as processes; nothing here looks into ours. Read first: {@link dev.cairn.it.gateway.HttpDuel}.
 */
@NullMarked
package dev.cairn.it.gateway;

import org.jspecify.annotations.NullMarked;
