package dev.cairn.sim.disk;

import java.util.TreeMap;

/** A file or a directory, as running programs see it and as it would be after a power cut. */
abstract class Node {
    static final class File extends Node {
        Content visible = new Content();
        Content durable = new Content();
    }

    static final class Directory extends Node {
        TreeMap<String, Node> visible = new TreeMap<>();
        TreeMap<String, Node> durable = new TreeMap<>();
    }
}
