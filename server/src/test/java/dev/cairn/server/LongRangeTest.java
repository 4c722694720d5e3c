package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.CompactionResponse;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.mvccpb.KeyValue;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: an answer that is too long to be kept is as good as any other, and holds nothing once its client has it or has left. */
@Timeout(60)
class LongRangeTest {
    private static final int KEYS = 24;

    /** Less than {@code StoredRest.IDLE_MAX_NANOS}: what waits so long waits for nothing. */
    private static final int COMPACTION_SECONDS = 40;

    private static final RangeRequest ALL = RangeRequest.newBuilder()
            .setKey(ByteString.copyFrom(new byte[1]))
            .setRangeEnd(ByteString.copyFrom(new byte[1]))
            .build();

    private final Random random = new Random(7);

    @TempDir
    Path directory;

    private RunningMember member;
    private KVGrpc.KVBlockingStub kv;

    @BeforeEach
    void start() throws Exception {
        member = new RunningMember(directory);
        kv = KVGrpc.newBlockingStub(member.anonymous()).withMaxInboundMessageSize(Integer.MAX_VALUE);
    }

    @AfterEach
    void stop() {
        member.close();
    }

    private RangeResponse fill() {
        RangeResponse.Builder expected = RangeResponse.newBuilder();
        for (int i = 0; i < KEYS; i++) {
            byte[] value = new byte[1_000_000];
            random.nextBytes(value);
            PutRequest put = PutRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8("key-" + (char) ('a' + i)))
                    .setValue(ByteString.copyFrom(value))
                    .build();
            long revision = kv.put(put).getHeader().getRevision();
            expected.addKvs(KeyValue.newBuilder()
                    .setKey(put.getKey())
                    .setValue(put.getValue())
                    .setCreateRevision(revision)
                    .setModRevision(revision)
                    .setVersion(1));
        }
        return expected.setCount(KEYS).build();
    }

    private ListenableFuture<CompactionResponse> compact(long revision) {
        return KVGrpc.newFutureStub(member.anonymous())
                .compact(CompactionRequest.newBuilder()
                        .setRevision(revision)
                        .setPhysical(true)
                        .build());
    }

    @Test
    void shouldBeWholeAndLetCompactionGoOn() throws Exception {
        RangeResponse expected = fill();
        RangeResponse answer = kv.range(ALL);
        assertThat(answer.toBuilder().clearHeader().build()).isEqualTo(expected);
        compact(answer.getHeader().getRevision()).get(COMPACTION_SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void shouldLetCompactionGoOnWhenItsClientHasLeft() throws Exception {
        fill();
        ClientCall<RangeRequest, RangeResponse> call = member.anonymous()
                .newCall(KVGrpc.getRangeMethod(), CallOptions.DEFAULT.withMaxInboundMessageSize(Integer.MAX_VALUE));
        call.start(new ClientCall.Listener<RangeResponse>() {}, new Metadata());
        call.sendMessage(ALL);
        call.halfClose();
        // Reads what another asks after it, so that the range has been looked at; a client that asks for no message
        // takes a window of it.
        RangeResponse meanwhile = kv.range(ALL);
        PutRequest over = PutRequest.newBuilder()
                .setKey(meanwhile.getKvs(KEYS - 1).getKey())
                .build();
        long revision = kv.put(over).getHeader().getRevision();
        ListenableFuture<CompactionResponse> compaction = compact(revision);
        call.cancel("enough", null);
        compaction.get(COMPACTION_SECONDS, TimeUnit.SECONDS);
        assertThat(kv.range(ALL).getKvsCount()).isEqualTo(KEYS);
    }
}
