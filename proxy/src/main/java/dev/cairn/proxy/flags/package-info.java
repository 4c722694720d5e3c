/**
 * The command lines of the proxies: GNU flags with the grammar, messages and help of the library that etcd uses for them, which are not
 * those of the server's own flags.
 *
 * <p>Read first: {@link dev.cairn.proxy.flags.Flag} (one row of a table of flags), {@link dev.cairn.proxy.flags.StartCommand} (a command
 * whose only subcommand is {@code start}), {@link dev.cairn.proxy.flags.FlagValues} (what was given).
 *
 * <p>Thread rule: everything is immutable or confined to one call. Nothing is printed, logged or looked up here.
 */
@NullMarked
package dev.cairn.proxy.flags;

import org.jspecify.annotations.NullMarked;
