package dev.cairn.it.crash;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.mvccpb.Event;
import dev.cairn.proto.mvccpb.KeyValue;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * All that a server has: its whole history by a watch, and its present by a range.
 *
 * @param present the keys as a range shows them
 * @param events every event from the first revision to the last
 * @param complete whether the history reaches the revision that the range showed
 */
record History(List<KeyValue> present, List<Event> events, boolean complete) {
    private static final long LIMIT_SECONDS = 30;
    private static final ByteString ALL = ByteString.copyFrom(new byte[] {0});

    /**
     * Asks the server.
     *
     * @throws StatusRuntimeException if the server answers with an error instead
     */
    static History read(String target) {
        return read(target, 1);
    }

    /** As {@link #read(String)}, with the events from a revision on. */
    static History read(String target, long from) {
        ManagedChannel channel = NettyChannelBuilder.forTarget(target)
                .usePlaintext()
                .maxInboundMessageSize(Integer.MAX_VALUE)
                .build();
        try {
            RangeResponse present = KVGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS)
                    .range(RangeRequest.newBuilder()
                            .setKey(ALL)
                            .setRangeEnd(ALL)
                            .build());
            List<Event> events = new ArrayList<>();
            boolean complete = watch(channel, from, present.getHeader().getRevision(), events);
            return new History(present.getKvsList(), events, complete);
        } finally {
            channel.shutdownNow();
        }
    }

    /** Answers whether the last revision was reached. */
    private static boolean watch(ManagedChannel channel, long from, long last, List<Event> events) {
        BlockingQueue<Object> in = new LinkedBlockingQueue<>();
        StreamObserver<WatchRequest> out = WatchGrpc.newStub(channel).watch(new StreamObserver<>() {
            @Override
            public void onNext(WatchResponse response) {
                in.add(response);
            }

            @Override
            public void onError(Throwable failure) {
                in.add(failure);
            }

            @Override
            public void onCompleted() {
                in.add(new IllegalStateException("the server ended the watch"));
            }
        });
        out.onNext(WatchRequest.newBuilder()
                .setCreateRequest(WatchCreateRequest.newBuilder()
                        .setKey(ALL)
                        .setRangeEnd(ALL)
                        .setStartRevision(from))
                .build());
        long seen = Math.max(1, from - 1);
        try {
            while (seen < last) {
                Object item = in.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
                if (item instanceof StatusRuntimeException failure) {
                    throw failure;
                }
                if (!(item instanceof WatchResponse response)) {
                    return false;
                }
                events.addAll(response.getEventsList());
                if (response.getEventsCount() > 0) {
                    seen = response.getEvents(response.getEventsCount() - 1)
                            .getKv()
                            .getModRevision();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("Interrupted while reading the history", e);
        } finally {
            out.onError(new CancellationException("read"));
        }
        return true;
    }

    /** Checks that the history is whole and the keys of the present are what it says. */
    void check() {
        if (!complete) {
            throw new AssertionError("the history stops after " + events.size() + " events");
        }
        Comparator<ByteString> bytes = ByteString.unsignedLexicographicalComparator();
        TreeMap<ByteString, KeyValue> expected = new TreeMap<>(bytes);
        for (Event event : events) {
            if (event.getType() == Event.EventType.PUT) {
                expected.put(event.getKv().getKey(), event.getKv());
            } else if (expected.remove(event.getKv().getKey()) == null) {
                throw new AssertionError("deleted, and never put: " + event);
            }
        }
        if (!present.equals(List.copyOf(expected.values()))) {
            List<KeyValue> surplus = new ArrayList<>(present);
            surplus.removeAll(expected.values());
            List<KeyValue> missing = new ArrayList<>(expected.values());
            missing.removeAll(present);
            throw new AssertionError("the present is not what the history says: " + present.size() + " keys, expected "
                    + expected.size() + "; surplus " + surplus + ", missing " + missing);
        }
    }
}
