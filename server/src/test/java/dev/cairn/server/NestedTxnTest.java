package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: what is taken from a client can be read from the log. Method: transactions inside each other, up to where gRPC ends. */
@Timeout(60)
class NestedTxnTest {
    @TempDir
    Path directory;

    private static TxnRequest nested(int depth) {
        TxnRequest txn = TxnRequest.newBuilder()
                .addSuccess(RequestOp.newBuilder()
                        .setRequestPut(PutRequest.newBuilder().setKey(ByteString.copyFromUtf8("k"))))
                .build();
        for (int i = 0; i < depth; i++) {
            txn = TxnRequest.newBuilder()
                    .addSuccess(RequestOp.newBuilder().setRequestTxn(txn))
                    .build();
        }
        return txn;
    }

    @Test
    void shouldApplyWhatItTakes() throws Exception {
        try (RunningMember member = new RunningMember(directory)) {
            KVGrpc.KVBlockingStub kv = KVGrpc.newBlockingStub(member.anonymous());
            int refused = 0;
            for (int depth = 40; depth < 60; depth++) {
                try {
                    assertThat(kv.txn(nested(depth)).getSucceeded()).isTrue();
                } catch (StatusRuntimeException e) {
                    assertThat(e.getStatus().getCode()).as("%d", depth).isNotEqualTo(Status.Code.UNAVAILABLE);
                    refused++;
                }
            }
            assertThat(refused).isLessThan(15);
            assertThat(kv.put(PutRequest.newBuilder()
                                    .setKey(ByteString.copyFromUtf8("k"))
                                    .build())
                            .getHeader()
                            .getRevision())
                    .isGreaterThan(1);
        }
    }
}
