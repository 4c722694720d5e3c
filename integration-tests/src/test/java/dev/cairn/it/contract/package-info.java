/**
 * The wire contract: our protocol buffers beside those of etcd's Go modules and of jetcd, field for field.
 *
 * <p>Read first: {@link dev.cairn.it.contract.WireContractTest}.
 *
 * <p>Single-threaded. Knows descriptors only, no server.
 */
@NullMarked
package dev.cairn.it.contract;

import org.jspecify.annotations.NullMarked;
