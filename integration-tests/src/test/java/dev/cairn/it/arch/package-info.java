/**
 * The borders between the modules, as rules that fail the build.
 *
 * <p>Read first: {@link dev.cairn.it.arch.ModuleBordersTest}.
 *
 * <p>Single-threaded; reads class files, runs none of them.
 */
@NullMarked
package dev.cairn.it.arch;

import org.jspecify.annotations.NullMarked;
