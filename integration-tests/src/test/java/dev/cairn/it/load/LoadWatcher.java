package dev.cairn.it.load;

import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchGrpc;
import dev.cairn.proto.etcdserverpb.WatchProgressRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.testing.history.Event;
import dev.cairn.testing.history.Messages;
import dev.cairn.testing.history.WatchGuarantees;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A client that watches from the first revision on. When its stream ends, or when it feels like it, it goes on at another member right behind what
 * it has been told. Thread-safe: all state is under its monitor.
 */
final class LoadWatcher {
    private static final Metadata.Key<String> HAS_LEADER =
            Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER);

    private final String key;
    private final @Nullable String end;
    private final List<ManagedChannel> members;
    private final SplittableRandom random;
    private final Notes notes;
    private final boolean previous;
    private final List<WatchGuarantees.Told> told = new ArrayList<>();
    private int member;
    private int streams;
    private long next = 1;
    private @Nullable Stream stream;

    LoadWatcher(
            String key,
            @Nullable String end,
            int member,
            List<ManagedChannel> members,
            SplittableRandom random,
            Notes notes) {
        this.key = key;
        this.end = end;
        this.member = member;
        this.members = members;
        this.random = random;
        this.notes = notes;
        this.previous = random.nextBoolean();
    }

    /** To be called now and then. */
    synchronized void look() {
        Stream now = stream;
        if (now == null) {
            members.get(member).resetConnectBackoff();
            member = (member + 1) % members.size();
            streams++;
            stream = new Stream(members.get(member));
        } else if (random.nextInt(60) == 0) {
            now.close();
            stream = null;
        } else if (random.nextInt(10) == 0) {
            now.askProgress();
        }
    }

    synchronized void close() {
        if (stream != null) {
            stream.close();
            stream = null;
        }
    }

    /** Whether everything up to a revision has been told, by its events or by a progress notice. */
    synchronized boolean isToldUpTo(long revision) {
        return next > revision;
    }

    synchronized int streams() {
        return streams;
    }

    synchronized WatchGuarantees.Watcher watched() {
        return new WatchGuarantees.Watcher(key, end, 1, previous, told);
    }

    private final class Stream implements StreamObserver<WatchResponse> {
        private final ClientCallStreamObserver<WatchRequest> requests;

        Stream(ManagedChannel channel) {
            WatchGrpc.WatchStub stub = WatchGrpc.newStub(channel);
            if (random.nextInt(4) != 0) {
                // As the clients of the official library that do not want to wait at a member without a leader.
                Metadata headers = new Metadata();
                headers.put(HAS_LEADER, "true");
                stub = stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
            }
            requests = (ClientCallStreamObserver<WatchRequest>) stub.watch(this);
            requests.onNext(WatchRequest.newBuilder()
                    .setCreateRequest(WatchCreateRequest.newBuilder()
                            .setKey(Messages.bytes(key))
                            .setRangeEnd(Messages.bytes(end))
                            .setStartRevision(next)
                            .setPrevKv(previous)
                            .setProgressNotify(true))
                    .build());
        }

        void askProgress() {
            requests.onNext(WatchRequest.newBuilder()
                    .setProgressRequest(WatchProgressRequest.getDefaultInstance())
                    .build());
        }

        void close() {
            requests.cancel("the watcher moves on", null);
        }

        @Override
        public void onNext(WatchResponse response) {
            synchronized (LoadWatcher.this) {
                if (stream != this) {
                    return;
                }
                if (response.getCanceled()) {
                    if (!response.getCancelReason().equals("etcdserver: no leader")) {
                        notes.complain("watch of " + key + " cancelled: " + response);
                    }
                    close();
                    stream = null;
                    return;
                }
                WatchGuarantees.Told one = Wire.told(response);
                if (one != null) {
                    note(one);
                }
            }
        }

        private void note(WatchGuarantees.Told one) {
            told.add(one);
            List<Event> events = one.events();
            long last = one.isProgress()
                    ? one.revision()
                    : events.get(events.size() - 1).revision();
            next = Math.max(next, last + 1);
        }

        @Override
        public void onError(Throwable cause) {
            synchronized (LoadWatcher.this) {
                if (stream == this) {
                    stream = null;
                    notes.addFailure("watch", Status.fromThrowable(cause));
                }
            }
        }

        @Override
        public void onCompleted() {
            synchronized (LoadWatcher.this) {
                if (stream == this) {
                    stream = null;
                }
            }
        }
    }
}
