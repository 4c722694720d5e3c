/**
 * Looks through the files of a member that does not run, and says what is wrong with them and where. Nothing is changed.
 *
 * <p>Read {@link dev.cairn.server.check.MemberCheck} first: store or database, log, snapshot files, and what they say of each other. {@link
 * dev.cairn.server.check.DatabaseCheck} looks at a single file. What is found goes to {@link dev.cairn.server.check.Findings}. How a store
 * is walked through is the business of {@code dev.cairn.mvcc}, how a log is read that of {@code dev.cairn.wal}.
 */
@NullMarked
package dev.cairn.server.check;

import org.jspecify.annotations.NullMarked;
