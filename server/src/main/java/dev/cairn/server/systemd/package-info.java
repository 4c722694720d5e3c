/**
 * What the server says to the init system: that it is ready, and its log lines for the journal.
 *
 * <p>Read first: {@link dev.cairn.server.systemd.ServiceManager} (readiness), {@link dev.cairn.server.systemd.Journal} (lines).
 *
 * <p>Thread rule: any thread may call; nothing here waits, because a datagram is taken by the other side or refused. Knows nothing of
 * the log's form, nor of who is served.
 */
@NullMarked
package dev.cairn.server.systemd;

import org.jspecify.annotations.NullMarked;
