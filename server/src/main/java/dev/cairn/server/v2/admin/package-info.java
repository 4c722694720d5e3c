/**
 * What etcd's v2 API has beside keys: members, machines, statistics, users and roles, as views on what the member keeps for v3.
 *
 * <p>Read first: {@link dev.cairn.server.v2.admin.AdminPages} (which paths there are), {@link dev.cairn.server.v2.admin.Requesters} (who asks,
 * by Basic authentication), {@link dev.cairn.server.v2.admin.UserChanges} (a v2 change as changes of v3), {@link
 * dev.cairn.server.v2.admin.PathPermissions} (patterns of paths as permissions on keys).
 *
 * <p>Thread rule: pages run on event loops and never block; what changes something goes through the log and is answered when it is applied.
 * Texts, statuses and the order of checks are those of etcd 3.4, the last release with a complete v2 API.
 */
@NullMarked
package dev.cairn.server.v2.admin;

import org.jspecify.annotations.NullMarked;
