package dev.cairn.server.bootstrap;

import dev.cairn.server.names.Names;
import dev.cairn.server.net.EventLoops;
import dev.cairn.server.peer.PeerQuestions;
import java.util.function.Consumer;

/**
 * Immutable. Whom a member asks that does not know its cluster yet.
 *
 * @param peers the members that it was told of
 * @param loops of connections to a discovery service
 * @param expectName takes the name that the certificates of all other members have to carry; not called where their hosts count
 */
public record Outside(PeerQuestions peers, Names names, EventLoops loops, Consumer<String> expectName) {}
