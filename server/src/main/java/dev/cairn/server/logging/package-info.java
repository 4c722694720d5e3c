/**
 * The log: etcd's JSON lines, so that what reads the log of etcd reads ours.
 *
 * <p>Read first: {@link dev.cairn.server.logging.Logs} (opening it from the settings), {@code LineEncoder} (the form of a line).
 * Everybody else logs through slf4j with key-value pairs; only this package knows logback.
 *
 * <p>Thread rule: any thread may log; one lock per output keeps lines whole.
 */
@NullMarked
package dev.cairn.server.logging;

import org.jspecify.annotations.NullMarked;
