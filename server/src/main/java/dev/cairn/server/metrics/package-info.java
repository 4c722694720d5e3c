/**
 * What the server counts, under etcd's names, so that its dashboards and alerts work unchanged.
 *
 * <p>Read first: {@link dev.cairn.server.metrics.Metrics} (everything there is), {@link dev.cairn.server.metrics.Registry} (how it is
 * rendered). Counting is an addition to a striped cell; whoever counts with labels resolves the series once and keeps it. Text is
 * made only when somebody asks for it.
 *
 * <p>Thread rule: everything is thread-safe. The package knows nothing of the rest of the server; figures that exist elsewhere are
 * handed in as suppliers. Why this is not a library: docs/decisions/0101-own-metrics.md.
 */
@NullMarked
package dev.cairn.server.metrics;

import org.jspecify.annotations.NullMarked;
