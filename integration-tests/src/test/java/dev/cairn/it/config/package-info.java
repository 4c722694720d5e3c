/**
 * The command line beside the real etcd's.
 *
 * <p>Read first: {@code FlagsFuzzTest} (random flags, the same words and exit codes).
 */
@NullMarked
package dev.cairn.it.config;

import org.jspecify.annotations.NullMarked;
