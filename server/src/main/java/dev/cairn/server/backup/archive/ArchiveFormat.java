package dev.cairn.server.backup.archive;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.Revision;
import dev.cairn.mvcc.RevisionTail;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a segment. Stateless. All integers are big-endian; every CRC is CRC-32C.
 *
 * <pre>
 * segment   header, then groups
 * header    "CAIRNREV" | version 4 (1) | zero 4 | cluster 8 | member 8 | line 8 | after 8 | created 8 | zero 4 | CRC of all before 4
 * group     "GRUP" | body length 4 | rows 4 | leases 4 | number of the group in the segment, from 0, 8
 *           | complete 8 | time 8 | CRC of the body 4 | CRC of all before in the group 4 | body
 * body      rows, then leases
 * row       main 8 | sub 4 | 1 for a tombstone, else 0, 1 | length 4 | key-value as in etcd's bucket "key"
 * lease     id 8 | length 4 | value as in etcd's bucket "lease"
 * </pre>
 *
 * <p><b>What a crash leaves.</b> A segment is only appended to, and nobody goes on with one that an earlier run has left. So what is wrong begins
 * somewhere and goes on to the end: {@link SegmentReader} uses what is before and says where it stopped. Whether something is missing shows when
 * the revisions behind are looked for: what was not synced was archived again, in another segment.
 */
final class ArchiveFormat {
    static final int HEADER_BYTES = 64;
    static final int GROUP_BYTES = 48;

    /** As the database reader: far above what any etcd takes in one request. */
    static final int BODY_BYTES_MAX = 512 << 20;

    private static final long MAGIC = 0x434149524e524556L;
    private static final int VERSION = 1;
    private static final int GROUP_MARK = 0x47525550;
    private static final int ROW_BYTES = Long.BYTES + Integer.BYTES + 1 + Integer.BYTES;
    private static final int LEASE_BYTES = Long.BYTES + Integer.BYTES;

    private ArchiveFormat() {}

    /** What stands before the body of a group. */
    record GroupHeader(int bodyBytes, int rows, int leases, long number, long complete, long time, int bodyCrc) {}

    /** The bytes do not hold what they must. */
    static final class FormatException extends Exception {
        private static final long serialVersionUID = 1;

        FormatException(String problem) {
            super(problem);
        }
    }

    static ByteBuffer encode(SegmentHeader header) {
        ByteBuffer bytes = ByteBuffer.allocate(HEADER_BYTES);
        bytes.putLong(MAGIC).putInt(VERSION).putInt(0);
        bytes.putLong(header.cluster()).putLong(header.member()).putLong(header.line());
        bytes.putLong(header.after()).putLong(header.created());
        return seal(bytes.putInt(0)).flip();
    }

    static SegmentHeader segmentHeader(ByteBuffer bytes) throws FormatException {
        if (bytes.getLong(0) != MAGIC) {
            throw new FormatException("this is no segment of an archive");
        }
        if (bytes.getInt(8) != VERSION) {
            throw new FormatException("version " + bytes.getInt(8) + ", expected " + VERSION);
        }
        checkSeal(bytes);
        return new SegmentHeader(
                bytes.getLong(16), bytes.getLong(24), bytes.getLong(32), bytes.getLong(40), bytes.getLong(48));
    }

    /** Header and body. */
    static ByteBuffer encode(Group group, long number) {
        long body = 0;
        for (RevisionTail.Row row : group.rows()) {
            body += ROW_BYTES + row.keyValue().size();
        }
        for (Group.LeaseRow lease : group.leases()) {
            body += LEASE_BYTES + lease.value().size();
        }
        if (body > BODY_BYTES_MAX) {
            throw new IllegalArgumentException("a group of " + body + " bytes");
        }
        ByteBuffer bytes = ByteBuffer.allocate(GROUP_BYTES + (int) body);
        bytes.position(GROUP_BYTES);
        for (RevisionTail.Row row : group.rows()) {
            bytes.putLong(row.revision().main())
                    .putInt(Math.toIntExact(row.revision().sub()));
            bytes.put((byte) (row.tombstone() ? 1 : 0));
            put(bytes, row.keyValue());
        }
        for (Group.LeaseRow lease : group.leases()) {
            put(bytes.putLong(lease.id()), lease.value());
        }
        int bodyCrc = crc(bytes.duplicate().position(GROUP_BYTES).limit(bytes.capacity()));
        bytes.clear();
        bytes.putInt(GROUP_MARK).putInt((int) body);
        bytes.putInt(group.rows().size()).putInt(group.leases().size());
        bytes.putLong(number).putLong(group.complete()).putLong(group.time()).putInt(bodyCrc);
        return seal(bytes).clear();
    }

    private static void put(ByteBuffer to, ByteString value) {
        to.putInt(value.size());
        value.copyTo(to);
    }

    /** @param bytes of the header, checked here in full */
    static GroupHeader groupHeader(ByteBuffer bytes) throws FormatException {
        if (bytes.getInt(0) != GROUP_MARK) {
            throw new FormatException("no group begins here");
        }
        checkSeal(bytes);
        GroupHeader header = new GroupHeader(
                bytes.getInt(4),
                bytes.getInt(8),
                bytes.getInt(12),
                bytes.getLong(16),
                bytes.getLong(24),
                bytes.getLong(32),
                bytes.getInt(40));
        if (header.bodyBytes < 0
                || header.bodyBytes > BODY_BYTES_MAX
                || header.rows < 0
                || header.leases < 0
                || (long) header.rows * ROW_BYTES + (long) header.leases * LEASE_BYTES > header.bodyBytes) {
            throw new FormatException(
                    header.rows + " rows and " + header.leases + " leases in a body of " + header.bodyBytes + " bytes");
        }
        return header;
    }

    /**
     * Takes a body apart.
     *
     * @param last the row before; the first one here is behind it
     */
    static Group group(GroupHeader header, ByteBuffer body, @Nullable Revision last) throws FormatException {
        if (crc(body.duplicate()) != header.bodyCrc) {
            throw new FormatException("the checksum of the group does not match");
        }
        Revision before = last;
        List<RevisionTail.Row> rows = new ArrayList<>(header.rows);
        for (int i = 0; i < header.rows; i++) {
            need(body, ROW_BYTES);
            Revision revision = new Revision(body.getLong(), body.getInt());
            int tombstone = body.get();
            if (tombstone != 0 && tombstone != 1) {
                throw new FormatException("kind " + tombstone + " at revision " + revision);
            }
            if (before != null && revision.compareTo(before) <= 0) {
                throw new FormatException("revision " + revision + " behind " + before);
            }
            before = revision;
            rows.add(new RevisionTail.Row(revision, tombstone == 1, value(body)));
        }
        List<Group.LeaseRow> leases = new ArrayList<>(header.leases);
        for (int i = 0; i < header.leases; i++) {
            need(body, LEASE_BYTES);
            leases.add(new Group.LeaseRow(body.getLong(), value(body)));
        }
        if (body.hasRemaining()) {
            throw new FormatException(body.remaining() + " bytes too many in the group");
        }
        return new Group(header.time, header.complete, rows, leases);
    }

    private static ByteString value(ByteBuffer body) throws FormatException {
        int length = body.getInt();
        if (length < 0) {
            throw new FormatException("a value of " + length + " bytes");
        }
        need(body, length);
        ByteString value = ByteString.copyFrom(body.slice(body.position(), length));
        body.position(body.position() + length);
        return value;
    }

    private static void need(ByteBuffer body, int bytes) throws FormatException {
        if (body.remaining() < bytes) {
            throw new FormatException("the group ends within a row");
        }
    }

    /** Puts the CRC of all before behind it. */
    private static ByteBuffer seal(ByteBuffer bytes) {
        int at = bytes.position();
        return bytes.putInt(crc(bytes.duplicate().position(0).limit(at)));
    }

    private static void checkSeal(ByteBuffer header) throws FormatException {
        int at = header.limit() - Integer.BYTES;
        if (crc(header.duplicate().position(0).limit(at)) != header.getInt(at)) {
            throw new FormatException("the checksum of the header does not match");
        }
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
