/**
 * The pages of the client port beside gRPC: version, health, liveness and readiness, metrics, variables.
 *
 * <p>Read first: {@link dev.cairn.server.http.Router} (paths, CORS, host check), {@link dev.cairn.server.http.HealthPages} (what is
 * checked and how it is worded), {@link dev.cairn.server.http.HealthSource} (what they ask of the server), {@link
 * dev.cairn.server.http.HttpStream} (answers in parts, and web sockets).
 *
 * <p>Thread rule: handlers run on event loops and must not block; whatever waits completes its answer later. The package knows neither
 * sockets nor the server: bytes come and go through {@link dev.cairn.server.http.HttpHandler}, facts through the ports.
 */
@NullMarked
package dev.cairn.server.http;

import org.jspecify.annotations.NullMarked;
