/**
 * What is asked of servers, and how long the answers take.
 *
 * <p>Read first: {@link dev.cairn.bench.load.ClosedLoop} (etcd's own tool), {@link dev.cairn.bench.load.OpenLoop} (requests at a steady rate), {@link
 * dev.cairn.bench.load.UnderWay} (so many at a time, as fast as they are answered). Nothing here starts a server.
 */
@NullMarked
package dev.cairn.bench.load;

import org.jspecify.annotations.NullMarked;
