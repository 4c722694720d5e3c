/**
 * Benchmarks of inner pieces by JMH, without a server around them. {@code bench/jmh} runs them; its arguments are JMH's, so {@code bench/jmh
 * StoreReads.count -prof gc} shows what a count allocates. Compare only what ran in the same minute: the figures follow the machine's mood.
 */
@NullMarked
package dev.cairn.bench.jmh;

import org.jspecify.annotations.NullMarked;
