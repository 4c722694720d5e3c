/**
 * What the process was asked to be: flags, environment variables and the configuration file, read once at start.
 *
 * <p>Read first: {@link dev.cairn.server.config.Options} (the one table that feeds parsing, help, environment, file keys and
 * notices), {@link dev.cairn.server.config.CommandLine} (the grammar and the outcomes), {@link
 * dev.cairn.server.config.ServerConfig} (the immutable result).
 *
 * <p>Thread rule: everything here runs on the main thread before the server exists; the results are immutable. The package does
 * not log, print or exit: it returns what to print, what to log and the exit status, so that every outcome can be tested. It must
 * stay cheap to load, because it stands at the head of every start: SnakeYAML is touched only when a file is given.
 */
@NullMarked
package dev.cairn.server.config;

import org.jspecify.annotations.NullMarked;
