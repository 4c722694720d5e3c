/** A name server for tests. */
@NullMarked
package dev.cairn.testing.dns;

import org.jspecify.annotations.NullMarked;
