/**
 * The JSON gateway: etcd's calls as HTTP requests with bodies in JSON, below {@code /v3/}.
 *
 * <p>Read first: {@link dev.cairn.server.gateway.Gateway} (from a request to a call), {@code GatewayCall} (the call, as the service
 * sees it), {@code MessageReader} (etcd's rules for JSON and its words for mistakes).
 *
 * <p>Calls go straight to the services of the client port, with the interceptors around them that gRPC's calls pass; there is no second
 * connection in between. Thread rule: everything of a call happens on the event loop of its connection, and nothing blocks. What a slow
 * reader has not taken holds its service back; requests are read from a body one at a time.
 */
@NullMarked
package dev.cairn.server.gateway;

import org.jspecify.annotations.NullMarked;
