package dev.cairn.v2;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.ResponseOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.mvccpb.KeyValue;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What one read has found at a path, and on the way to it. Immutable.
 *
 * @param above the directories on the way, the outermost first
 * @param markers of as many of them as are there; the first that is missing ends the way
 * @param fileInTheWay whether a file is where the first directory is missing
 * @param node at the path, null when the way or the path ends before it
 * @param raw its key
 * @param facts of the node, null without any
 * @param parentFacts of the last directory on the way
 * @param actionRevision of the last write of v2
 */
record Found(
        long revision,
        String path,
        List<String> above,
        List<KeyValue> markers,
        boolean fileInTheWay,
        @Nullable Node node,
        @Nullable KeyValue raw,
        @Nullable KeyValue facts,
        @Nullable KeyValue parentFacts,
        long actionRevision) {
    /** What a path may have of parts: two reads for each and some more are one transaction, which may have 128. */
    static final int DEPTH_MAX = 60;

    /** Reads in one transaction. */
    static CompletionStage<Found> look(V3 v3, String path, boolean linearizable) {
        return look(v3, path, linearizable, 0);
    }

    /** Looks at what was there at a revision. */
    static CompletionStage<Found> lookAt(V3 v3, String path, long revision) {
        return look(v3, path, false, revision);
    }

    private static CompletionStage<Found> look(V3 v3, String path, boolean linearizable, long revision) {
        List<String> above = Paths.above(path);
        List<ByteString> keys = new ArrayList<>();
        for (String directory : above) {
            keys.add(Layout.directory(directory));
            keys.add(Layout.file(directory));
        }
        keys.add(Layout.ACTION);
        keys.add(Layout.facts(Paths.parent(path), true));
        if (!path.isEmpty()) {
            keys.add(Layout.directory(path));
            keys.add(Layout.file(path));
            keys.add(Layout.facts(path, true));
            keys.add(Layout.facts(path, false));
        }
        TxnRequest.Builder read = TxnRequest.newBuilder();
        for (ByteString key : keys) {
            read.addSuccess(RequestOp.newBuilder()
                    .setRequestRange(RangeRequest.newBuilder()
                            .setKey(key)
                            .setRevision(revision)
                            .setSerializable(!linearizable)));
        }
        return v3.txn(read.build()).thenApply(response -> of(path, above, response));
    }

    private static Found of(String path, List<String> above, TxnResponse response) {
        List<@Nullable KeyValue> read = new ArrayList<>();
        for (ResponseOp one : response.getResponsesList()) {
            read.add(
                    one.getResponseRange().getKvsCount() == 0
                            ? null
                            : one.getResponseRange().getKvs(0));
        }
        List<KeyValue> markers = new ArrayList<>();
        boolean inTheWay = false;
        for (int i = 0; i < above.size(); i++) {
            KeyValue marker = read.get(2 * i);
            if (marker == null) {
                inTheWay = read.get(2 * i + 1) != null;
                break;
            }
            markers.add(marker);
        }
        int own = 2 * above.size();
        KeyValue action = read.get(own);
        KeyValue raw = null;
        Node node = null;
        KeyValue facts = null;
        if (path.isEmpty()) {
            node = Node.ROOT;
        } else if (markers.size() == above.size()) {
            KeyValue marker = read.get(own + 2);
            KeyValue file = read.get(own + 3);
            facts = read.get(marker != null ? own + 4 : own + 5);
            raw = marker != null ? marker : file;
            if (marker != null) {
                node = Node.directory(path, marker, facts);
            } else if (file != null) {
                node = Node.file(path, file, facts);
            }
        }
        return new Found(
                response.getHeader().getRevision(),
                path,
                above,
                markers,
                inTheWay,
                node,
                raw,
                facts,
                read.get(own + 1),
                action == null ? 0 : action.getModRevision());
    }

    /** Why there is no node. */
    V2Error missing() {
        if (markers.size() == above.size()) {
            return error(ErrorCode.KEY_NOT_FOUND, path);
        }
        return error(fileInTheWay ? ErrorCode.NOT_DIR : ErrorCode.KEY_NOT_FOUND, above.get(markers.size()));
    }

    V2Error error(ErrorCode code, String cause) {
        return new V2Error(code, cause, revision);
    }
}
