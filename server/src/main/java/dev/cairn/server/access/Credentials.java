package dev.cairn.server.access;

import java.util.concurrent.Executor;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * What a call shows of who makes it. Immutable.
 *
 * @param token what it brought as token; null when it brought none
 * @param session the TLS session of its connection; null without TLS, and for a call that another has made on the caller's
 *     behalf, as the gateway does, whose certificate says nothing of the caller
 * @param executor where the call goes on when its answer had to wait
 */
public record Credentials(@Nullable String token, @Nullable SSLSession session, Executor executor) {}
