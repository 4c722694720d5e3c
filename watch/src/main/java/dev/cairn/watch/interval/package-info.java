/**
 * The interval tree that finds, among many key ranges, those that hold a given key.
 *
 * <p>{@link dev.cairn.watch.interval.IntervalTree} is all there is. It knows ranges and values, nothing of watchers, and has
 * no thread rule of its own: whoever owns a tree guards it.
 */
@NullMarked
package dev.cairn.watch.interval;

import org.jspecify.annotations.NullMarked;
