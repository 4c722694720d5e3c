/** Tests of the peer protocol: layouts beside recorded traffic and generated code, and transports that talk over real sockets. */
@NullMarked
package dev.cairn.peers;

import org.jspecify.annotations.NullMarked;
