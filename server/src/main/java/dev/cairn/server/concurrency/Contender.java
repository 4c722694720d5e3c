package dev.cairn.server.concurrency;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.server.api.EtcdError;
import io.grpc.Status;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A call that queues for a name with a key of its own and is answered when the key is the first one.
 *
 * <pre>
 *   OPENING   a lease is granted                      -> ENTERING
 *   ENTERING  the key is put, or found to be there    -> WAITING, OVER
 *   WAITING   for those before it; then a look whether the key has outlived the wait -> OVER
 *   OVER      answered, failed or cancelled
 * </pre>
 *
 * <p>A call that fails or is cancelled takes its key out of the queue. Calls with the same lease share one key, so what one
 * of them takes away is gone for the other, which is then told that its session has expired. A key that was there before
 * the call and had nobody before it stays: another call may have been told that it holds.
 *
 * <p>Confined to the event loop of the call. What it holds is bounded by the requests; it lives as long as its call.
 *
 * @param <R> the answer
 */
abstract class Contender<R> {
    private enum State {
        OPENING,
        ENTERING,
        WAITING,
        OVER,
    }

    final MemberCalls calls;
    final ByteString name;
    private final Session session;
    private final Reply<R> reply;
    private State state = State.OPENING;
    private @Nullable Predecessors predecessors;
    private boolean created;

    /** The lease, once it is open. */
    long lease;

    /** The own key, once the lease is open. */
    ByteString key = ByteString.EMPTY;

    /** When the key was created, once it is there: the place in the queue, and the token that fences the holder off. */
    long revision;

    Contender(MemberCalls calls, ByteString name, long requestedLease, Reply<R> reply) {
        this.calls = calls;
        this.name = name;
        this.session = new Session(calls, requestedLease);
        this.reply = reply;
    }

    /** The transaction that puts the key, or finds it. */
    abstract TxnRequest entering();

    /** The transaction was carried out: goes on with {@link #await}, {@link #answer} or {@link #giveUp}. */
    abstract void entered(TxnResponse response);

    /** Takes the key away, and runs the task whatever came of it. */
    abstract void leave(Runnable then);

    /** The answer after a wait. */
    abstract R won(RangeResponse ownKey);

    /** What a caller is told whose key has gone during the wait. */
    abstract EtcdError lost();

    final void start() {
        session.open(
                opened -> {
                    if (state == State.OPENING) {
                        enter(opened);
                    }
                },
                this::fail);
    }

    /** The client has given the call up or is gone. */
    final void cancel() {
        State before = state;
        over();
        if (before == State.WAITING && ownsPlace()) {
            leave(() -> {});
        }
    }

    /** Waits for all that came before {@link #revision}. */
    final void await() {
        state = State.WAITING;
        session.keepAlive(lease);
        predecessors = new Predecessors(calls, name, revision - 1, this::verify, this::giveUp);
        predecessors.look();
    }

    final void answer(R answer) {
        over();
        reply.complete(answer);
    }

    /** Fails, once the key is taken away. */
    final void giveUp(Status reason) {
        boolean leaving = ownsPlace();
        over();
        if (leaving) {
            leave(() -> reply.fail(Refusals.ofInner(reason)));
        } else {
            reply.fail(Refusals.ofInner(reason));
        }
    }

    /** Fails, and leaves the key as it is. */
    final void fail(Status reason) {
        if (state != State.OVER) {
            over();
            reply.fail(Refusals.ofInner(reason));
        }
    }

    /** Makes an inner call whose outcome no longer matters once this call is over. */
    final <V> Reply<V> whileGoingOn(Consumer<V> completed, Consumer<Status> failed) {
        return new Reply<>() {
            @Override
            public void complete(V response) {
                if (state != State.OVER) {
                    completed.accept(response);
                }
            }

            @Override
            public void fail(Status status) {
                if (state != State.OVER) {
                    failed.accept(status);
                }
            }
        };
    }

    private void enter(long opened) {
        state = State.ENTERING;
        lease = opened;
        key = Keys.contender(name, opened);
        calls.call(KVGrpc.getTxnMethod(), entering(), new Reply<TxnResponse>() {
            @Override
            public void complete(TxnResponse response) {
                placed(response);
            }

            @Override
            public void fail(Status status) {
                Contender.this.fail(status);
            }
        });
    }

    private void placed(TxnResponse response) {
        created = response.getSucceeded();
        revision = created
                ? response.getHeader().getRevision()
                : response.getResponses(0).getResponseRange().getKvs(0).getCreateRevision();
        if (state != State.OVER) {
            entered(response);
        } else if (session.isGranted()) {
            // Cancelled meanwhile. Only a lease of this call's own cannot be in use by the client's next attempt
            // already.
            leave(() -> {});
        }
    }

    private void verify() {
        calls.call(KVGrpc.getRangeMethod(), Keys.only(key), whileGoingOn(this::verified, this::giveUp));
    }

    private void verified(RangeResponse response) {
        boolean outlived = response.getKvsCount() == 1 && response.getKvs(0).getCreateRevision() == revision;
        if (outlived) {
            answer(won(response));
        } else {
            fail(lost().status());
        }
    }

    private boolean ownsPlace() {
        return created || (predecessors != null && predecessors.found());
    }

    private void over() {
        state = State.OVER;
        session.close();
        if (predecessors != null) {
            predecessors.cancel();
        }
    }
}
