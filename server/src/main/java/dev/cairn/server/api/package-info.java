/**
 * What the services and the member say to each other: outcomes, the error table, the ports through which requests go in.
 *
 * <p>It depends on nothing else in the server, so that neither side needs to know the other.
 */
@NullMarked
package dev.cairn.server.api;

import org.jspecify.annotations.NullMarked;
