package dev.cairn.peers;

import org.jspecify.annotations.Nullable;

/** The two streams that a member opens to each of its peers; the peer writes into the answers. */
enum StreamKind {
    /** Log entries from the leader, in a short form. */
    APPEND("msgapp", "stream MsgApp v2"),
    /** Everything else: votes, heartbeats, acknowledgements, forwarded proposals. Nothing long stands in their way. */
    MESSAGE("message", "stream Message");

    static final String PATH_PREFIX = "/raft/stream/";

    private final String path;
    private final String title;

    StreamKind(String path, String title) {
        this.path = path;
        this.title = title;
    }

    /** The path under which a member asks for its stream. */
    String path(long member) {
        return PATH_PREFIX + path + '/' + Long.toHexString(member);
    }

    /** The name in log lines. */
    String title() {
        return title;
    }

    StreamEncoder encoder() {
        return this == APPEND ? new AppendStreamEncoder() : new MessageStreamFormat.Encoder();
    }

    StreamDecoder decoder(long local, long remote) {
        return this == APPEND ? new AppendStreamDecoder(local, remote) : new MessageStreamFormat.Decoder();
    }

    /** The kind whose directory this is, such as {@code /raft/stream/message}; null if there is none. */
    static @Nullable StreamKind ofDirectory(String directory) {
        for (StreamKind kind : values()) {
            if (directory.equals(PATH_PREFIX + kind.path)) {
                return kind;
            }
        }
        return null;
    }
}
