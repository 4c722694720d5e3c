package dev.cairn.server.backup.archive;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.RevisionTail;
import java.util.List;

/**
 * What was archived at once. Immutable.
 *
 * @param time milliseconds since 1970 by the clock of the member that leads: whatever is in this group or before was committed by then
 * @param complete every revision up to this one is whole with this group; rows behind it belong to one that goes on in the next
 * @param rows in the order of revisions; empty where a group only says that nothing was written until its time
 * @param leases what the table of leases said of leases that rows hang on, when they were archived
 */
public record Group(long time, long complete, List<RevisionTail.Row> rows, List<LeaseRow> leases) {
    /** @param value as etcd's bucket {@code lease} holds it */
    public record LeaseRow(long id, ByteString value) {}
}
