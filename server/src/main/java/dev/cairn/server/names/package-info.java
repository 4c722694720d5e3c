/**
 * The names of hosts and services, as the resolver of the machine knows them: what peer URLs, the discovery by DNS and the check of
 * certificates' names need. Read first: {@link dev.cairn.server.names.Names}; {@link dev.cairn.server.names.SystemNames} is the one that
 * asks. All calls block, so none is made on an event loop or a member's own loops.
 */
@NullMarked
package dev.cairn.server.names;

import org.jspecify.annotations.NullMarked;
