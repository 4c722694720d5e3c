/**
 * Watches: from the events that the apply loop publishes, once for each revision, to the responses of each stream.
 */
@NullMarked
package dev.cairn.watch;

import org.jspecify.annotations.NullMarked;
