/**
 * Connections passed on byte by byte, to backends that take turns.
 *
 * <p>Read first: {@link dev.cairn.proxy.tcp.TcpProxy} (listens, dials, connects the two), {@link dev.cairn.proxy.tcp.Backends} (whose turn it
 * is), {@code Relay} (one direction of a pair).
 *
 * <p>Thread rule: a pair of connections lives on one event loop. Names are looked up on threads of their own. The package knows nothing of
 * what the bytes mean.
 */
@NullMarked
package dev.cairn.proxy.tcp;

import org.jspecify.annotations.NullMarked;
