/**
 * The flags of the server beside those of a real etcd: mistakes, help, and what started servers make of them.
 *
 * <p>Read first: {@link dev.cairn.it.flags.FlagMistakesTest}. The table of values is shared with the unit tests of the server, which read
 * every flag in all its forms without starting anything.
 */
@NullMarked
package dev.cairn.it.flags;

import org.jspecify.annotations.NullMarked;
