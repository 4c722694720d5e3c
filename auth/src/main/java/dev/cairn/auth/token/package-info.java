/**
 * Tokens: what a client shows instead of its password.
 *
 * <p>{@link dev.cairn.auth.token.SimpleTokens} are random and remembered by every member;
 * {@link dev.cairn.auth.token.JwtTokens} are signed and remembered by nobody.
 */
@NullMarked
package dev.cairn.auth.token;

import org.jspecify.annotations.NullMarked;
