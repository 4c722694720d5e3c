/**
 * Loops apart from the threads that run them: {@link dev.cairn.server.thread.Duty} is the work,
 * {@link dev.cairn.server.thread.DutyThread} a thread that does it, {@link dev.cairn.server.thread.Mailbox} the bounded queue
 * in which other threads leave more of it. {@code server/THREADS.md} is the contract of all threads.
 */
@NullMarked
package dev.cairn.server.thread;

import org.jspecify.annotations.NullMarked;
