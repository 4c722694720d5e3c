/**
 * Servers that lose their process, or bytes of their files, while clients write.
 *
 * <p>Read first: {@link dev.cairn.it.crash.Writers} (clients that note what was acknowledged), {@link
 * dev.cairn.it.crash.Ledger} (what they noted, and the check of a store against it).
 *
 * <p>Threads: each writer has its own; the ledger is shared and thread-safe. The package knows the names of the files that
 * a server keeps, and nothing of their content.
 */
@NullMarked
package dev.cairn.it.crash;

import org.jspecify.annotations.NullMarked;
