package dev.cairn.proxy.rpc;

import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.IntSupplier;

/**
 * Reads never go back: an answer that is older than one that was given before is asked for again, of the next member. After five rounds over
 * all endpoints the call fails. Thread-safe.
 */
final class OrderedKv extends MemberKv {
    private static final int ROUNDS_MAX = 5;
    private static final Status NOBODY_IS_AHEAD = Status.UNKNOWN.withDescription(
            "etcdclient: no cluster members have a revision higher than the previously received revision");

    private final IntSupplier endpoints;
    private final AtomicLong newest = new AtomicLong();

    /** @param endpoints how many there are */
    OrderedKv(Channel members, IntSupplier endpoints) {
        super(members);
        this.endpoints = endpoints;
    }

    @Override
    public void range(RangeRequest request, StreamObserver<RangeResponse> answer) {
        attempt(request, answer, super::range, RangeResponse::getHeader, newest.get(), 0);
    }

    @Override
    public void txn(TxnRequest request, StreamObserver<TxnResponse> answer) {
        attempt(request, answer, super::txn, TxnResponse::getHeader, newest.get(), 0);
    }

    private <Q, A> void attempt(
            Q request,
            StreamObserver<A> answer,
            BiConsumer<Q, StreamObserver<A>> call,
            Function<A, ResponseHeader> header,
            long atLeast,
            int failed) {
        call.accept(request, new StreamObserver<>() {
            private boolean fits;
            private boolean givenUp;

            @Override
            public void onNext(A response) {
                long revision = header.apply(response).getRevision();
                if (revision >= atLeast) {
                    newest.accumulateAndGet(revision, Math::max);
                    fits = true;
                    answer.onNext(response);
                } else if (failed >= ROUNDS_MAX * endpoints.getAsInt()) {
                    givenUp = true;
                    answer.onError(NOBODY_IS_AHEAD.asRuntimeException());
                }
            }

            @Override
            public void onError(Throwable error) {
                answer.onError(error);
            }

            @Override
            public void onCompleted() {
                if (fits) {
                    answer.onCompleted();
                } else if (!givenUp) {
                    attempt(request, answer, call, header, atLeast, failed + 1);
                }
            }
        });
    }
}
