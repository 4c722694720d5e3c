/** The digests that every JDK has, {@link dev.cairn.server.digest.Digests}. It knows nothing else of the server. */
@NullMarked
package dev.cairn.server.digest;

import org.jspecify.annotations.NullMarked;
