/**
 * Servers of either kind as processes of this machine, alone or three together, and what the kernel tells of them.
 *
 * <p>Read first: {@link dev.cairn.bench.process.Members}, {@link dev.cairn.bench.process.Server}, {@link dev.cairn.bench.process.Setting}. Nothing
 * here knows what is asked of a server. Linux only.
 */
@NullMarked
package dev.cairn.bench.process;

import org.jspecify.annotations.NullMarked;
