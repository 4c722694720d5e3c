/**
 * TLS of a listener: from the files that the options name to engines for single connections.
 *
 * <p>Read first: {@link dev.cairn.server.tls.ClientTls} (what the options mean together), {@link dev.cairn.server.tls.ServerTls}
 * (engines, and how changed files are taken over), {@code ClientTrust} (which client certificates are accepted).
 *
 * <p>Thread rule: everything public is thread-safe. Making an engine may read files and belongs on a thread that may block. The
 * package knows nothing of sockets; it uses the JDK's own provider, so that keys, trust and revocation are decided in one place.
 */
@NullMarked
package dev.cairn.server.tls;

import org.jspecify.annotations.NullMarked;
