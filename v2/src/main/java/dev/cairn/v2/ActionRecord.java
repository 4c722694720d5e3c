package dev.cairn.v2;

import com.google.protobuf.ByteString;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a write was, as it is kept with its revision; values are not, they are in the revision's own keys. Immutable.
 *
 * @param quiet whether it was a refresh, which no watcher hears of
 * @param swept whether the directory itself had gone before, and only what was in it goes now
 * @param writtenAt in nanoseconds of the epoch: times to live are told as they were then
 * @param node its modification index counts as the record's revision, and its creation too where it is 0
 */
record ActionRecord(
        String action,
        boolean quiet,
        boolean swept,
        long writtenAt,
        Node node,
        @Nullable Node prevNode) {
    static final String EXPIRE = "expire";

    private static final int FIELDS = 11;

    ByteString encode() {
        Node prev = prevNode;
        // The path comes last: it may hold anything.
        return ByteString.copyFromUtf8(String.join(
                "\t",
                action,
                (quiet ? "q" : "") + (swept ? "s" : ""),
                Long.toString(writtenAt),
                node.dir() ? "d" : "f",
                Long.toString(node.created()),
                Long.toString(node.expiration()),
                prev == null ? "" : prev.dir() ? "d" : "f",
                Long.toString(prev == null ? 0 : prev.modified()),
                Long.toString(prev == null ? 0 : prev.created()),
                Long.toString(prev == null ? 0 : prev.expiration()),
                node.path()));
    }

    /** Null for what somebody else has written there. */
    static @Nullable ActionRecord decode(ByteString text) {
        String[] fields = text.toStringUtf8().split("\t", FIELDS);
        if (fields.length != FIELDS) {
            return null;
        }
        try {
            String path = fields[10];
            Node node = new Node(
                    path,
                    fields[3].equals("d"),
                    null,
                    0,
                    Long.parseLong(fields[4]),
                    Long.parseLong(fields[5]),
                    0,
                    List.of());
            Node prev = fields[6].isEmpty()
                    ? null
                    : new Node(
                            path,
                            fields[6].equals("d"),
                            null,
                            Long.parseLong(fields[7]),
                            Long.parseLong(fields[8]),
                            Long.parseLong(fields[9]),
                            0,
                            List.of());
            return new ActionRecord(
                    fields[0], fields[1].contains("q"), fields[1].contains("s"), Long.parseLong(fields[2]), node, prev);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    boolean removes() {
        return action.equals("delete") || action.equals(EXPIRE) || action.equals("compareAndDelete");
    }
}
