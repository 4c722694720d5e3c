/**
 * Who asks, and whether they may: from what a call shows (a token, a certificate) to the verdict of the table in
 * {@link dev.cairn.auth.Operation}.
 *
 * <p>Read {@link dev.cairn.server.access.Access} first, then {@link dev.cairn.server.access.TokenProvider}. Any thread asks; the
 * answer comes on the asking thread, or, when the member has first to apply the entry that made a token, on the event loop of
 * the call. Nothing here blocks. The package knows neither services nor the log.
 */
@NullMarked
package dev.cairn.server.access;

import org.jspecify.annotations.NullMarked;
