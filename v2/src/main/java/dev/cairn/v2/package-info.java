/**
 * What etcd's old key API, v2, means, on a store that speaks v3: requests are parsed, decided by what the store holds, written as one
 * transaction, and told as v2 tells them. Nothing here has state that would have to survive; see {@link dev.cairn.v2.Layout} for
 * how v2's nodes lie in v3's keys.
 *
 * <p>Read first: {@link dev.cairn.v2.KeysApi} (from a request to an answer), {@code Decisions} (what a write does, and under which
 * conditions), {@link dev.cairn.v2.Layout}, {@link dev.cairn.v2.V3} (the port to the store).
 *
 * <p>Thread rule: what belongs to one request runs where the port answers, one step after the other; nothing blocks. The package knows
 * neither sockets nor the server.
 */
@NullMarked
package dev.cairn.v2;

import org.jspecify.annotations.NullMarked;
