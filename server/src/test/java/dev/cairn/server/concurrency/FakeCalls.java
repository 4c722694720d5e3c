package dev.cairn.server.concurrency;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.etcdserverpb.ResponseOp;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.Event;
import dev.cairn.proto.mvccpb.KeyValue;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** A member whose answers the test gives by hand, one after the other. */
final class FakeCalls implements MemberCalls {
    /** A call that waits for its answer. */
    record Asked(String method, Message request, Reply<Message> reply) {
        void answer(Message response) {
            reply.complete(response);
        }
    }

    final ArrayDeque<Asked> asked = new ArrayDeque<>();
    final List<FakeWatch> watches = new ArrayList<>();
    final List<Long> kept = new ArrayList<>();

    @Override
    @SuppressWarnings("unchecked") // Requests and responses of all methods are messages.
    public <Q, R> void call(MethodDescriptor<Q, R> method, Q request, Reply<R> reply) {
        asked.add(new Asked(
                Objects.requireNonNull(method.getBareMethodName()), (Message) request, (Reply<Message>) reply));
    }

    @Override
    public FakeWatch watch(WatchCreateRequest request, WatchListener listener) {
        FakeWatch watch = new FakeWatch(request, listener);
        watches.add(watch);
        return watch;
    }

    @Override
    public Runnable keepAlive(long lease) {
        kept.add(lease);
        return () -> kept.remove(lease);
    }

    /** The oldest call without an answer, which must be of that method. */
    Asked next(String method) {
        Asked next = asked.remove();
        if (!next.method().equals(method)) {
            throw new AssertionError("expected " + method + ", was " + next);
        }
        return next;
    }

    /** The newest watch. */
    FakeWatch watch() {
        return watches.get(watches.size() - 1);
    }

    static final class FakeWatch implements Watch {
        final WatchCreateRequest request;
        private final WatchListener listener;
        int wanted;
        boolean cancelled;

        FakeWatch(WatchCreateRequest request, WatchListener listener) {
            this.request = request;
            this.listener = listener;
        }

        @Override
        public void next() {
            wanted++;
        }

        @Override
        public void cancel() {
            cancelled = true;
        }

        void respond(WatchResponse response) {
            if (cancelled || wanted == 0) {
                throw new AssertionError("a response that nobody wants: " + response);
            }
            wanted--;
            listener.onResponse(response);
        }

        void close(Status status) {
            listener.onClosed(status);
        }
    }

    static WatchResponse events(long revision, Event... events) {
        return WatchResponse.newBuilder()
                .setHeader(header(revision))
                .addAllEvents(List.of(events))
                .build();
    }

    static Event put(KeyValue kv) {
        return Event.newBuilder().setType(Event.EventType.PUT).setKv(kv).build();
    }

    static Event deletion(String key) {
        return Event.newBuilder()
                .setType(Event.EventType.DELETE)
                .setKv(KeyValue.newBuilder().setKey(ByteString.copyFromUtf8(key)))
                .build();
    }

    static KeyValue kv(String key, long created, long modified, String value) {
        return KeyValue.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setCreateRevision(created)
                .setModRevision(modified)
                .setValue(ByteString.copyFromUtf8(value))
                .build();
    }

    static RangeResponse range(long revision, KeyValue... kvs) {
        return RangeResponse.newBuilder()
                .setHeader(header(revision))
                .addAllKvs(List.of(kvs))
                .setCount(kvs.length)
                .build();
    }

    static TxnResponse txn(long revision, boolean succeeded, RangeResponse... ranges) {
        TxnResponse.Builder response =
                TxnResponse.newBuilder().setHeader(header(revision)).setSucceeded(succeeded);
        if (succeeded) {
            response.addResponses(ResponseOp.newBuilder());
        }
        for (RangeResponse range : ranges) {
            response.addResponses(ResponseOp.newBuilder().setResponseRange(range));
        }
        return response.build();
    }

    static ResponseHeader header(long revision) {
        return ResponseHeader.newBuilder().setRevision(revision).build();
    }
}
