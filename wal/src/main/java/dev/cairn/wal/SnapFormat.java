package dev.cairn.wal;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.proto.snappb.snapshot;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Layout of a {@code .snap} file, and the protobuf form of what it shares with the log.
 *
 * <pre>
 *  protobuf snappb.snapshot
 *  +------+-------------+------+--------+------------------------------------------+
 *  | 0x08 | crc, varint | 0x12 | size   | data: protobuf raftpb.Snapshot           |
 *  +------+-------------+------+--------+------------------------------------------+
 *
 *  raftpb.Snapshot: 1 data, 2 metadata {1 conf state, 2 index, 3 term}
 * </pre>
 *
 * <p>The checksum is the CRC-32C of the data. The name is {@code <term %016x>-<index %016x>.snap}, so that names sort by age.
 * Beside it may lie {@code <index %016x>.snap.db}, the database that came with a snapshot from the leader.
 */
public final class SnapFormat {
    /** More than a membership can need by far, and little enough to be read at once. */
    public static final int SNAP_BYTES_MAX = 256 << 20;

    static final String SNAP_SUFFIX = ".snap";
    static final String SNAP_DB_SUFFIX = ".snap.db";

    private static final int DIGITS = 16;
    private static final HexFormat HEX = HexFormat.of();

    private SnapFormat() {}

    /** The name of the file that holds the snapshot. */
    public static String fileName(long term, long index) {
        return HEX.toHexDigits(term) + '-' + HEX.toHexDigits(index) + SNAP_SUFFIX;
    }

    /** The name of the database that was received with the snapshot. */
    public static String databaseFileName(long index) {
        return HEX.toHexDigits(index) + SNAP_DB_SUFFIX;
    }

    /** The file's content. */
    static byte[] encode(Snapshot content) {
        byte[] data = dev.cairn.proto.raftpb.Snapshot.newBuilder()
                .setData(content.data())
                .setMetadata(dev.cairn.proto.raftpb.SnapshotMetadata.newBuilder()
                        .setConfState(confState(content.metadata().confState()))
                        .setIndex(content.metadata().index())
                        .setTerm(content.metadata().term()))
                .build()
                .toByteArray();
        return snapshot.newBuilder()
                .setCrc(crc(data))
                .setData(UnsafeByteOperations.unsafeWrap(data))
                .build()
                .toByteArray();
    }

    /** The snapshot in a file's content; empty if it is not whole. */
    static Optional<Snapshot> decode(byte[] content) {
        try {
            snapshot envelope = snapshot.parseFrom(content);
            byte[] data = envelope.getData().toByteArray();
            if (data.length == 0 || !envelope.hasCrc() || envelope.getCrc() != crc(data)) {
                return Optional.empty();
            }
            dev.cairn.proto.raftpb.Snapshot decoded = dev.cairn.proto.raftpb.Snapshot.parseFrom(data);
            dev.cairn.proto.raftpb.SnapshotMetadata metadata = decoded.getMetadata();
            if (metadata.getIndex() < 0 || metadata.getTerm() < 0) {
                return Optional.empty();
            }
            ByteString state = decoded.getData();
            return Optional.of(new Snapshot(
                    state,
                    new SnapshotMetadata(confState(metadata.getConfState()), metadata.getIndex(), metadata.getTerm())));
        } catch (InvalidProtocolBufferException e) {
            return Optional.empty();
        }
    }

    /** The data of the log record that points to a snapshot. The start of the log has no members to name. */
    static byte[] encodeRecord(SnapshotMetadata metadata) {
        dev.cairn.proto.walpb.Snapshot.Builder record = dev.cairn.proto.walpb.Snapshot.newBuilder()
                .setIndex(metadata.index())
                .setTerm(metadata.term());
        if (metadata.index() > 0) {
            record.setConfState(confState(metadata.confState()));
        }
        return record.build().toByteArray();
    }

    static dev.cairn.proto.raftpb.ConfState confState(ConfState state) {
        return dev.cairn.proto.raftpb.ConfState.newBuilder()
                .addAllVoters(ids(state.voters()))
                .addAllLearners(ids(state.learners()))
                .addAllVotersOutgoing(ids(state.votersOutgoing()))
                .addAllLearnersNext(ids(state.learnersNext()))
                .setAutoLeave(state.autoLeave())
                .build();
    }

    static ConfState confState(dev.cairn.proto.raftpb.ConfState state) {
        return new ConfState(
                ids(state.getVotersList()),
                ids(state.getLearnersList()),
                ids(state.getVotersOutgoingList()),
                ids(state.getLearnersNextList()),
                state.getAutoLeave());
    }

    /** Whether a file is a snapshot by its name. */
    static boolean isSnapName(Path file) {
        String name = file.getFileName().toString();
        return name.length() == 2 * DIGITS + 1 + SNAP_SUFFIX.length()
                && name.endsWith(SNAP_SUFFIX)
                && name.charAt(DIGITS) == '-'
                && isHex(name, 0)
                && isHex(name, DIGITS + 1);
    }

    /** The index in the name of a received database; empty if the file is something else. */
    static Optional<Long> databaseIndex(Path file) {
        String name = file.getFileName().toString();
        return name.length() == DIGITS + SNAP_DB_SUFFIX.length() && name.endsWith(SNAP_DB_SUFFIX) && isHex(name, 0)
                ? Optional.of(HexFormat.fromHexDigitsToLong(name, 0, DIGITS))
                : Optional.empty();
    }

    /** Whether sixteen hexadecimal digits stand at this place. */
    static boolean isHex(String name, int from) {
        for (int i = from; i < from + DIGITS; i++) {
            if (!HexFormat.isHexDigit(name.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    private static int crc(byte[] data) {
        CRC32C crc = new CRC32C();
        crc.update(data);
        return (int) crc.getValue();
    }

    private static Iterable<Long> ids(IdSet ids) {
        return () -> Arrays.stream(ids.toArray()).iterator();
    }

    private static IdSet ids(List<Long> ids) {
        return IdSet.of(ids.stream().mapToLong(Long::longValue).toArray());
    }
}
