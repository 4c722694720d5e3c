/**
 * Passwords: bcrypt as etcd stores it, and checking it without holding up whoever asks.
 *
 * <p>Read {@link dev.cairn.auth.password.PasswordVerifier} first. Hashing is slow by design, so nothing here runs on an event
 * loop; the package knows no users.
 */
@NullMarked
package dev.cairn.auth.password;

import org.jspecify.annotations.NullMarked;
