package dev.cairn.server.rpc;

import com.google.protobuf.MessageLite;
import dev.cairn.auth.Identity;
import dev.cairn.auth.Operation;
import dev.cairn.mvcc.KvException;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.RangeResult;
import dev.cairn.proto.etcdserverpb.CompactionRequest;
import dev.cairn.proto.etcdserverpb.CompactionResponse;
import dev.cairn.proto.etcdserverpb.DeleteRangeRequest;
import dev.cairn.proto.etcdserverpb.DeleteRangeResponse;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.server.access.Access;
import dev.cairn.server.access.Credentials;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.api.WriteAdmission;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * {@code etcdserverpb.KV}. Reads are answered from the store at once where the read gate is open; writes go through the
 * log. Long ranges are read on threads of their own, so that no event loop is busy for long. Thread-safe; no call blocks.
 */
public final class KvService {
    /**
     * What is kept of an answer to a range; the rest is read when the client takes it. Less than what a connection writes at once, so that it is gone before
     * the collector finds it: of answers to many clients it would else be most of what grows old.
     */
    private static final long KEPT_BYTES_MAX = 32 << 10;

    private final MvccStore store;
    private final Proposer proposer;
    private final ReadGate reads;
    private final WriteAdmission admission;
    private final Access access;
    private final Headers headers;
    private final Executor readers;
    private final int txnOperationsMax;
    private final long requestBytesMax;

    /** @param readers runs what reads long */
    public KvService(
            MvccStore store,
            Proposer proposer,
            ReadGate reads,
            WriteAdmission admission,
            Access access,
            Headers headers,
            Executor readers,
            int txnOperationsMax,
            long requestBytesMax) {
        this.store = store;
        this.proposer = proposer;
        this.reads = reads;
        this.admission = admission;
        this.access = access;
        this.headers = headers;
        this.readers = readers;
        this.txnOperationsMax = txnOperationsMax;
        this.requestBytesMax = requestBytesMax;
    }

    /** The service as the server offers it. Range answers bypass the generated classes: they are written as stored. */
    public ServerServiceDefinition bind() {
        MethodDescriptor<RangeRequest, RangeAnswer> range = KVGrpc.getRangeMethod().toBuilder(
                        ProtoUtils.marshaller(RangeRequest.getDefaultInstance()), RangeAnswer.MARSHALLER)
                .build();
        MethodDescriptor<RangeRequest, RangeAnswer> rangeStream = KVGrpc.getRangeStreamMethod().toBuilder(
                        ProtoUtils.marshaller(RangeRequest.getDefaultInstance()), RangeAnswer.MARSHALLER)
                .build();
        return ServerServiceDefinition.builder(Definitions.describe(KVGrpc.getServiceDescriptor(), range, rangeStream))
                .addMethod(range, ServerCalls.asyncUnaryCall(this::range))
                .addMethod(rangeStream, ServerCalls.asyncServerStreamingCall(this::rangeStream))
                .addMethod(KVGrpc.getPutMethod(), ServerCalls.asyncUnaryCall(this::put))
                .addMethod(KVGrpc.getDeleteRangeMethod(), ServerCalls.asyncUnaryCall(this::deleteRange))
                .addMethod(KVGrpc.getTxnMethod(), ServerCalls.asyncUnaryCall(this::txn))
                .addMethod(KVGrpc.getCompactMethod(), ServerCalls.asyncUnaryCall(this::compact))
                .build();
    }

    private void range(RangeRequest request, StreamObserver<RangeAnswer> call) {
        EtcdError error = RequestChecks.range(request);
        if (error != null) {
            Calls.refuse(call, error);
            return;
        }
        Credentials caller = Caller.current().credentials();
        Consumer<Identity> read = who -> {
            try {
                RangeResult result = store.range(request, KEPT_BYTES_MAX);
                RangeAnswer answer = RangeAnswer.whole(headers.header(result.revision()), result);
                if (answer.fits()) {
                    answer(call, who, answer);
                } else {
                    Calls.discard(answer);
                    Calls.refuse(call, answer.tooLong());
                }
            } catch (KvException e) {
                Calls.refuse(call, EtcdError.of(e));
            }
        };
        whenReadable(
                request.getSerializable(),
                call,
                () -> access.check(Operation.RANGE, request, caller, permitted(call, isShort(request), read)));
    }

    /** Goes on with a read that is permitted; a long one on the threads for such. */
    private Completion<Identity> permitted(StreamObserver<?> call, boolean isShort, Consumer<Identity> read) {
        return new Calls.Forwarding<>(call) {
            @Override
            public void complete(Identity who) {
                if (isShort) {
                    read.accept(who);
                } else {
                    Calls.runOn(readers, call, () -> read.accept(who));
                }
            }
        };
    }

    /** Answers with what was read, unless who asked may not see it any more. */
    private <R> void answer(StreamObserver<R> call, Identity who, R response) {
        if (access.isStale(who)) {
            Calls.discard(response);
            Calls.refuse(call, EtcdError.AUTH_OLD_REVISION);
        } else {
            Calls.answer(call, response);
        }
    }

    /** Whether the range is read so soon that it may be read on the event loop. A limit does not help: all keys are counted. */
    private static boolean isShort(RangeRequest request) {
        return request.getRangeEnd().isEmpty();
    }

    /** Whether every range that the transaction may read is short. */
    private static boolean isShort(TxnRequest request) {
        return request.getCompareList().stream().allMatch(c -> c.getRangeEnd().isEmpty())
                && request.getSuccessList().stream().allMatch(op -> isShort(op.getRequestRange()))
                && request.getFailureList().stream().allMatch(op -> isShort(op.getRequestRange()));
    }

    private void rangeStream(RangeRequest request, StreamObserver<RangeAnswer> call) {
        EtcdError error = RequestChecks.range(request);
        if (error == null) {
            error = RangeStreamCall.check(request);
        }
        if (error != null) {
            Calls.refuse(call, error);
            return;
        }
        var server = (ServerCallStreamObserver<RangeAnswer>) call;
        RangeStreamCall stream = new RangeStreamCall(request, server, headers, requestBytesMax);
        server.setOnReadyHandler(stream::drain);
        Credentials caller = Caller.current().credentials();
        Consumer<Identity> read = who -> {
            try {
                stream.start(store.rangeStream(request, KEPT_BYTES_MAX), () -> access.isStale(who));
            } catch (KvException e) {
                Calls.refuse(call, EtcdError.of(e));
            }
        };
        whenReadable(
                request.getSerializable(),
                call,
                () -> access.check(Operation.RANGE_STREAM, request, caller, permitted(call, true, read)));
    }

    private void put(PutRequest request, StreamObserver<PutResponse> call) {
        InternalRaftRequest.Builder proposal = InternalRaftRequest.newBuilder().setPut(request);
        EtcdError error = admission.refusal(proposal);
        if (error == null) {
            error = RequestChecks.put(request);
        }
        propose(error, proposal, call, answer -> {
            PutResponse response = (PutResponse) answer;
            return response.toBuilder()
                    .setHeader(headers.complete(response.getHeader()))
                    .build();
        });
    }

    private void deleteRange(DeleteRangeRequest request, StreamObserver<DeleteRangeResponse> call) {
        EtcdError error = RequestChecks.deleteRange(request);
        propose(error, InternalRaftRequest.newBuilder().setDeleteRange(request), call, answer -> {
            DeleteRangeResponse response = (DeleteRangeResponse) answer;
            return response.toBuilder()
                    .setHeader(headers.complete(response.getHeader()))
                    .build();
        });
    }

    private void txn(TxnRequest request, StreamObserver<TxnResponse> call) {
        InternalRaftRequest.Builder proposal = InternalRaftRequest.newBuilder().setTxn(request);
        EtcdError error = admission.refusal(proposal);
        if (error == null) {
            error = RequestChecks.txn(request, txnOperationsMax);
        }
        if (error == null && RequestChecks.isReadOnly(request)) {
            Credentials caller = Caller.current().credentials();
            Consumer<Identity> read = who -> {
                try {
                    answer(call, who, withHeader(store.readTxn(request)));
                } catch (KvException e) {
                    Calls.refuse(call, EtcdError.of(e));
                }
            };
            whenReadable(
                    RequestChecks.isSerializable(request),
                    call,
                    () -> access.checkReadOnly(request, caller, permitted(call, isShort(request), read)));
            return;
        }
        propose(error, proposal, call, answer -> withHeader((TxnResponse) answer));
    }

    private void compact(CompactionRequest request, StreamObserver<CompactionResponse> call) {
        propose(null, InternalRaftRequest.newBuilder().setCompaction(request), call, answer -> {
            CompactionResponse response = (CompactionResponse) answer;
            return response.toBuilder()
                    .setHeader(headers.complete(response.getHeader()))
                    .build();
        });
    }

    private <R> void propose(
            @Nullable EtcdError error,
            InternalRaftRequest.Builder proposal,
            StreamObserver<R> call,
            Function<MessageLite, R> answer) {
        if (error != null) {
            Calls.refuse(call, error);
        } else {
            proposer.propose(proposal, Calls.answering(call, answer));
        }
    }

    /** Runs the read once it may be answered: at once when it is serializable. */
    private void whenReadable(boolean serializable, StreamObserver<?> call, Runnable read) {
        if (serializable) {
            read.run();
            return;
        }
        reads.await(new Calls.Forwarding<Long>(call) {
            @Override
            public void complete(Long index) {
                read.run();
            }
        });
    }

    private TxnResponse withHeader(TxnResponse response) {
        return response.toBuilder()
                .setHeader(headers.complete(response.getHeader()))
                .build();
    }
}
