/**
 * The process: everything that has a socket, a file or a thread, and the order in which they start and stop.
 */
@NullMarked
package dev.cairn.server;

import org.jspecify.annotations.NullMarked;
