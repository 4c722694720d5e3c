/**
 * What operators see from outside, beside a real etcd: the series of {@code /metrics}, the queries of etcd's dashboard and alerts in a
 * real Prometheus, and traces.
 *
 * <p>Read first: {@link dev.cairn.it.metrics.Scrape} (one reading of a server's series), {@link dev.cairn.it.metrics.Differences} (what
 * may differ, and why). Everything runs as processes; nothing here looks into ours.
 */
@NullMarked
package dev.cairn.it.metrics;

import org.jspecify.annotations.NullMarked;
