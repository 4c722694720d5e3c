/**
 * Users, roles and permissions, and who may touch which range of keys.
 */
@NullMarked
package dev.cairn.auth;

import org.jspecify.annotations.NullMarked;
