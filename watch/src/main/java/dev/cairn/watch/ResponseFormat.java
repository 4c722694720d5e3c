package dev.cairn.watch;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import java.io.IOException;

/**
 * The layout of {@code etcdserverpb.WatchResponse} in front of its events. Written by hand because the events behind it are
 * bytes already, and are not to be parsed again for each watcher. Thread-safe.
 *
 * <pre>
 *   1 header { 1 cluster_id  2 member_id  3 revision  4 raft_term }
 *   2 watch_id   3 created   4 canceled   5 compact_revision   6 cancel_reason   7 fragment
 *  11 events ...
 * </pre>
 */
final class ResponseFormat {
    private static final int LENGTH_DELIMITED = 2;
    private static final ByteString[] NO_EVENTS = {};

    private final HeaderSource headers;

    ResponseFormat(HeaderSource headers) {
        this.headers = headers;
    }

    /** A watcher exists from now on. */
    EncodedResponse created(long revision, long watchId) {
        return control(head(revision, watchId, true, false, 0, "", false));
    }

    /** A watcher could not be created. */
    EncodedResponse refused(long revision, String reason) {
        return control(head(revision, WatchStream.NO_WATCH_ID, true, true, 0, reason, false));
    }

    /** The client cancelled the watcher. */
    EncodedResponse canceled(long revision, long watchId) {
        return control(head(revision, watchId, false, true, 0, "", false));
    }

    /** The watcher ends because the history it needs is gone. Such a response carries no revision. */
    EncodedResponse compacted(long compactRevision, long watchId) {
        return control(head(0, watchId, false, true, compactRevision, "", false));
    }

    /** Every event up to the revision was delivered. */
    EncodedResponse progress(long revision, long watchId) {
        return control(head(revision, watchId, false, false, 0, "", false));
    }

    /** What stands before events. */
    ByteString eventsHead(long revision, long watchId, boolean fragment) {
        return head(revision, watchId, false, false, 0, "", fragment);
    }

    private static EncodedResponse control(ByteString head) {
        return new EncodedResponse(head, NO_EVENTS, head.size());
    }

    private ByteString head(
            long revision,
            long watchId,
            boolean created,
            boolean canceled,
            long compactRevision,
            String reason,
            boolean fragment) {
        long clusterId = headers.clusterId();
        long memberId = headers.memberId();
        long raftTerm = headers.raftTerm();
        int headerSize = unsignedSize(ResponseHeader.CLUSTER_ID_FIELD_NUMBER, clusterId)
                + unsignedSize(ResponseHeader.MEMBER_ID_FIELD_NUMBER, memberId)
                + unsignedSize(ResponseHeader.REVISION_FIELD_NUMBER, revision)
                + unsignedSize(ResponseHeader.RAFT_TERM_FIELD_NUMBER, raftTerm);
        int size = CodedOutputStream.computeTagSize(WatchResponse.HEADER_FIELD_NUMBER)
                + CodedOutputStream.computeUInt32SizeNoTag(headerSize)
                + headerSize
                + unsignedSize(WatchResponse.WATCH_ID_FIELD_NUMBER, watchId)
                + flagSize(WatchResponse.CREATED_FIELD_NUMBER, created)
                + flagSize(WatchResponse.CANCELED_FIELD_NUMBER, canceled)
                + unsignedSize(WatchResponse.COMPACT_REVISION_FIELD_NUMBER, compactRevision)
                + (reason.isEmpty()
                        ? 0
                        : CodedOutputStream.computeStringSize(WatchResponse.CANCEL_REASON_FIELD_NUMBER, reason))
                + flagSize(WatchResponse.FRAGMENT_FIELD_NUMBER, fragment);
        byte[] bytes = new byte[size];
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            out.writeTag(WatchResponse.HEADER_FIELD_NUMBER, LENGTH_DELIMITED);
            out.writeUInt32NoTag(headerSize);
            writeUnsigned(out, ResponseHeader.CLUSTER_ID_FIELD_NUMBER, clusterId);
            writeUnsigned(out, ResponseHeader.MEMBER_ID_FIELD_NUMBER, memberId);
            writeUnsigned(out, ResponseHeader.REVISION_FIELD_NUMBER, revision);
            writeUnsigned(out, ResponseHeader.RAFT_TERM_FIELD_NUMBER, raftTerm);
            writeUnsigned(out, WatchResponse.WATCH_ID_FIELD_NUMBER, watchId);
            writeFlag(out, WatchResponse.CREATED_FIELD_NUMBER, created);
            writeFlag(out, WatchResponse.CANCELED_FIELD_NUMBER, canceled);
            writeUnsigned(out, WatchResponse.COMPACT_REVISION_FIELD_NUMBER, compactRevision);
            if (!reason.isEmpty()) {
                out.writeString(WatchResponse.CANCEL_REASON_FIELD_NUMBER, reason);
            }
            writeFlag(out, WatchResponse.FRAGMENT_FIELD_NUMBER, fragment);
            out.checkNoSpaceLeft();
        } catch (IOException e) {
            throw new IllegalStateException("a head of " + size + " bytes did not fit its own size", e);
        }
        return UnsafeByteOperations.unsafeWrap(bytes);
    }

    /** Signed and unsigned 64-bit fields look the same on the wire; zero is left out. */
    private static int unsignedSize(int field, long value) {
        return value == 0 ? 0 : CodedOutputStream.computeUInt64Size(field, value);
    }

    private static int flagSize(int field, boolean value) {
        return value ? CodedOutputStream.computeBoolSize(field, true) : 0;
    }

    private static void writeUnsigned(CodedOutputStream out, int field, long value) throws IOException {
        if (value != 0) {
            out.writeUInt64(field, value);
        }
    }

    private static void writeFlag(CodedOutputStream out, int field, boolean value) throws IOException {
        if (value) {
            out.writeBool(field, true);
        }
    }
}
