/**
 * The clients that others wrote, run against our server: etcd's command line tool, beside a real etcd and text for text;
 * jetcd; and etcd's Go client.
 *
 * <p>Read first: {@link dev.cairn.it.client.EtcdctlTest}, {@link dev.cairn.it.client.JetcdTest}, {@link
 * dev.cairn.it.client.GoClientTest}.
 *
 * <p>Threads: the test's own, and those of the clients.
 */
@NullMarked
package dev.cairn.it.client;

import org.jspecify.annotations.NullMarked;
