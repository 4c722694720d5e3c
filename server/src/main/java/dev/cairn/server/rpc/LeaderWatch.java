package dev.cairn.server.rpc;

import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.net.EventLoops;
import io.grpc.ForwardingServerCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/**
 * Ends the streams that want a leader when there has been none for several looks in a row: a stream that has to connect anew costs
 * more than a request that is refused, so one lost election is not enough. Thread-safe; {@link #look} belongs to one thread.
 */
public final class LeaderWatch {
    private static final int LOOKS_WITHOUT_LEADER = 3;

    private final MemberStatus status;
    private final Set<BoundCall<?, ?>> streams = ConcurrentHashMap.newKeySet();
    private int looksWithout;

    public LeaderWatch(MemberStatus status) {
        this.status = status;
    }

    /** Looks whether there is a leader; to be called once for each election timeout. */
    public void look() {
        looksWithout = status.hasLeader() ? 0 : looksWithout + 1;
        if (looksWithout >= LOOKS_WITHOUT_LEADER) {
            streams.forEach(BoundCall::cut);
        }
    }

    <Q, R> ServerCall.Listener<Q> start(ServerCall<Q, R> call, Metadata metadata, ServerCallHandler<Q, R> next) {
        Executor eventLoop = call.getAttributes().get(EventLoops.OF_CONNECTION);
        BoundCall<Q, R> bound = new BoundCall<>(call, eventLoop);
        bound.listener = next.startCall(bound, metadata);
        streams.add(bound);
        return bound.new Following();
    }

    /** How many streams want a leader. */
    int streams() {
        return streams.size();
    }

    /** A stream that can be ended from outside. Its fields belong to the event loop of its connection. */
    private final class BoundCall<Q, R> extends ForwardingServerCall.SimpleForwardingServerCall<Q, R> {
        private final Executor eventLoop;
        private ServerCall.Listener<Q> listener = new ServerCall.Listener<>() {};
        /** Written on the event loop, read also by handlers that answer from elsewhere. */
        private volatile boolean over;

        BoundCall(ServerCall<Q, R> call, Executor eventLoop) {
            super(call);
            this.eventLoop = eventLoop;
        }

        void cut() {
            eventLoop.execute(() -> {
                if (over || isCancelled()) {
                    return;
                }
                over = true;
                streams.remove(this);
                delegate().close(EtcdError.NO_LEADER.status(), new Metadata());
                // The handler lets go of what it holds for the stream.
                listener.onCancel();
            });
        }

        @Override
        public void sendMessage(R message) {
            if (!over) {
                super.sendMessage(message);
            }
        }

        @Override
        public void close(Status ending, Metadata trailers) {
            if (!over) {
                over = true;
                streams.remove(this);
                super.close(ending, trailers);
            }
        }

        @Override
        public boolean isCancelled() {
            return over || super.isCancelled();
        }

        private final class Following extends ForwardingServerCallListener<Q> {
            @Override
            protected ServerCall.Listener<Q> delegate() {
                return listener;
            }

            @Override
            public void onMessage(Q message) {
                if (!over) {
                    super.onMessage(message);
                }
            }

            @Override
            public void onCancel() {
                end();
                super.onCancel();
            }

            @Override
            public void onComplete() {
                end();
                super.onComplete();
            }

            private void end() {
                over = true;
                streams.remove(BoundCall.this);
            }
        }
    }
}
