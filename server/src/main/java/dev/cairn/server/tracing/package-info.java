/**
 * Spans of calls for an OpenTelemetry collector, under etcd's flags and with its names: one for each call, as the instrumentation of Go's
 * RPC library makes them, and within it one for what the member does.
 *
 * <p>Read first: {@link dev.cairn.server.tracing.Tracing} (on or off), {@link dev.cairn.server.tracing.CallTrace} (the spans of one call), {@link
 * dev.cairn.server.tracing.Operations} (which calls have a span of their own within, and what it tells).
 *
 * <p>Thread rule: calls hand their spans to a bounded queue and never wait; one thread of the library's sends them. What does not fit is
 * dropped. While tracing is off nothing of the library is loaded. Why the library: docs/decisions/0102-tracing.md.
 */
@NullMarked
package dev.cairn.server.tracing;

import org.jspecify.annotations.NullMarked;
