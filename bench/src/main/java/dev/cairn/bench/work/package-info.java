/**
 * The works that both servers are given. {@link dev.cairn.bench.work.Works} lists them; a {@link dev.cairn.bench.work.Work} is either a {@link
 * dev.cairn.bench.work.LoadWork}, which is a load of many clients and nothing else, or a {@link dev.cairn.bench.work.Scenario}, which has a story of
 * its own. Either yields a {@link dev.cairn.bench.work.Sample}: named figures. What becomes of them is not known here.
 */
@NullMarked
package dev.cairn.bench.work;

import org.jspecify.annotations.NullMarked;
