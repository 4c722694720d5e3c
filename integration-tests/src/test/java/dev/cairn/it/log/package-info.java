/**
 * The lines that operators and their tools search the log for.
 */
@NullMarked
package dev.cairn.it.log;

import org.jspecify.annotations.NullMarked;
