package dev.cairn.server.concurrency;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.TxnRequest;

/** The transactions of a leader: carried out only while the key is still the one that was elected. */
final class Elections {
    private Elections() {}

    static TxnRequest proclaiming(ByteString key, long revision, ByteString value, long lease) {
        return TxnRequest.newBuilder()
                .addCompare(Keys.createdAt(key, revision))
                .addSuccess(Keys.put(key, value, lease))
                .build();
    }

    static TxnRequest resigning(ByteString key, long revision) {
        return TxnRequest.newBuilder()
                .addCompare(Keys.createdAt(key, revision))
                .addSuccess(Keys.delete(key))
                .build();
    }
}
