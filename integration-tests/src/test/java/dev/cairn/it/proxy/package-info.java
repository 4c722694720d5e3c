/**
 * The proxies as processes, ours beside the real ones, before servers of both makes.
 *
 * <p>Read first: {@link dev.cairn.it.proxy.ProxyProcess} (a proxy that runs), {@code CommandLinesTest}, {@code GatewayTest},
 * {@code GrpcProxyCallsTest}.
 */
@NullMarked
package dev.cairn.it.proxy;

import org.jspecify.annotations.NullMarked;
