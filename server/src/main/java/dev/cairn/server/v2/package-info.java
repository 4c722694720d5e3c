/**
 * etcd's old key API on the client port: {@link dev.cairn.v2} spoken over HTTP.
 *
 * <p>Read first: {@link dev.cairn.server.v2.KeyPages} (requests and answers), {@link dev.cairn.server.v2.MemberV3} (the store, made
 * of the member's own calls), {@link dev.cairn.server.v2.KeyAccess} (who may).
 *
 * <p>Thread rule: everything of a request happens on the event loop of its connection, and nothing blocks. What a slow reader of a
 * stream has not taken holds its watch back.
 */
@NullMarked
package dev.cairn.server.v2;

import org.jspecify.annotations.NullMarked;
