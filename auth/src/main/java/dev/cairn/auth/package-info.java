/**
 * Users, roles and permissions, and who may touch which range of keys.
 *
 * <p>Read {@link dev.cairn.auth.AuthStore} first: it applies what the log says of users and roles; then
 * {@link dev.cairn.auth.AuthSnapshot}, which every reader sees, and {@link dev.cairn.auth.Operation}, the table of who may do
 * what, which {@link dev.cairn.auth.RequestAuthorizer} applies to a request.
 *
 * <p>The apply loop writes, any thread reads the snapshot. The package knows the request messages and the auth tables, but
 * neither Raft nor RPC status codes: a refusal is an {@link dev.cairn.auth.AuthError}.
 */
@NullMarked
package dev.cairn.auth;

import org.jspecify.annotations.NullMarked;
