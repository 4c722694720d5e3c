package dev.cairn.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.Event;
import dev.cairn.proto.etcdserverpb.WatchCancelRequest;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchProgressRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.watch.MemoryRevisionLog.Change;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WatchStreamTest {
    private static final String COMPACTED = "etcdserver: mvcc: required revision has been compacted";

    private final MemoryRevisionLog log = new MemoryRevisionLog();
    private WatchHub hub = new WatchHub(log, WatchOptions.defaults(), new FixedHeaders(), bound -> 0);
    private ManualOutput output = new ManualOutput();
    private WatchStream stream = hub.open(output);

    @Test
    void shouldChooseIdsFromZeroAndPassByUsedOnes() {
        List<Long> ids = new ArrayList<>();
        for (long asked : new long[] {0, 1, 0, -7, 2, 0}) {
            ids.add(create(request -> request.setWatchId(asked)).getWatchId());
        }
        assertThat(ids).containsExactly(0L, 1L, 2L, -7L, -1L, 3L);
    }

    @Test
    void shouldRefuseDuplicateId() {
        create(request -> request.setWatchId(5));
        WatchResponse refused = create(request -> request.setWatchId(5));
        assertRefused(refused, "mvcc: duplicate watch ID provided on the WatchStream");
    }

    @Test
    void shouldGiveCanceledIdAgain() {
        create(request -> request.setWatchId(5));
        WatchResponse canceled = only(cancel(5));
        assertThat(canceled.getCanceled()).isTrue();
        assertThat(canceled.getWatchId()).isEqualTo(5);
        assertThat(canceled.getHeader().getRevision()).isEqualTo(1);
        assertThat(create(request -> request.setWatchId(5)).getCanceled()).isFalse();
    }

    @Test
    void shouldRefuseEmptyRange() {
        assertRefused(create(request -> request.setRangeEnd(utf8("a"))), "mvcc: watcher range is empty");
        assertThat(hub.watchers()).isZero();
    }

    @Test
    void shouldRefuseNegativeStartBeforeAnythingElse() {
        assertRefused(create(request -> request.setStartRevision(-1).setRangeEnd(utf8("a"))), COMPACTED);
        stream.refuse(WatchCreateRequest.newBuilder().setStartRevision(-1).build(), "not permitted");
        assertRefused(only(output.take()), COMPACTED);
        stream.refuse(WatchCreateRequest.getDefaultInstance(), "not permitted");
        assertRefused(only(output.take()), "not permitted");
    }

    @Test
    void shouldNotAnswerCancelOfUnknownWatcher() {
        assertThat(cancel(3)).isEmpty();
    }

    @Test
    void shouldTakeMissingKeyForTheLeastKey() {
        create(request -> request.setKey(ByteString.EMPTY).setRangeEnd(ByteString.copyFrom(new byte[1])));
        put("any", "1");
        assertThat(keys(run())).containsExactly("any");
    }

    @Test
    void shouldStartWithTheRevisionAfterCreation() {
        put("a", "1");
        assertThat(create(request -> request).getHeader().getRevision()).isEqualTo(2);
        put("a", "2");
        WatchResponse response = only(run());
        assertThat(response.getHeader().getRevision()).isEqualTo(3);
        assertThat(response.getEvents(0).getKv().getValue()).isEqualTo(utf8("2"));
    }

    @Test
    void shouldNotShowNewWatcherWhatItsClientMayHaveSeen() {
        // Readers see revision 2, which the apply loop is about to publish.
        List<Event> visible = log.write(List.of(Change.put("a", "1")));
        assertThat(create(request -> request).getHeader().getRevision()).isEqualTo(2);
        hub.onEvents(2, visible);
        assertThat(run()).isEmpty();
        put("a", "2");
        assertThat(only(run()).getEvents(0).getKv().getModRevision()).isEqualTo(3);
    }

    @Test
    void shouldGiveHistoryUnderTheCurrentRevision() {
        put("a", "1");
        put("b", "1");
        put("a", "2");
        put("c", "1");
        assertThat(create(request -> request.setStartRevision(2)).getHeader().getRevision())
                .isEqualTo(5);
        assertThat(hub.slowWatchers()).isEqualTo(1);
        WatchResponse response = only(run());
        assertThat(response.getEventsList())
                .extracting(event -> event.getKv().getModRevision())
                .containsExactly(2L, 4L);
        assertThat(response.getHeader().getRevision()).isEqualTo(5);
        assertThat(hub.slowWatchers()).isZero();
    }

    @Test
    void shouldWaitForStartInTheFuture() {
        create(request -> request.setStartRevision(4));
        put("a", "1");
        put("a", "2");
        assertThat(run()).isEmpty();
        put("a", "3");
        assertThat(only(run()).getEvents(0).getKv().getModRevision()).isEqualTo(4);
    }

    @Test
    void shouldCancelWatcherWhoseStartIsCompacted() {
        put("a", "1");
        put("a", "2");
        put("a", "3");
        log.compact(3);
        WatchResponse created = create(request -> request.setStartRevision(2));
        assertThat(created.getCanceled()).isFalse();
        WatchResponse canceled = only(run());
        assertThat(canceled.getCanceled()).isTrue();
        assertThat(canceled.getCompactRevision()).isEqualTo(3);
        assertThat(canceled.getCancelReason()).isEmpty();
        assertThat(canceled.getHeader().getRevision()).isZero();
        assertThat(canceled.getHeader().getMemberId()).isEqualTo(FixedHeaders.MEMBER_ID);
        assertThat(hub.slowWatchers()).isZero();

        // It gets nothing more, but is there until its client cancels it.
        put("a", "4");
        assertThat(run()).isEmpty();
        assertThat(askProgress()).isEmpty();
        assertThat(only(cancel(0)).getCanceled()).isTrue();
        assertThat(hub.watchers()).isZero();
    }

    @Test
    void shouldServeStartAtTheCompactedRevision() {
        put("a", "1");
        put("a", "2");
        put("a", "3");
        log.compact(3);
        create(request -> request.setStartRevision(3).setPrevKv(true));
        WatchResponse response = only(run());
        assertThat(response.getEventsCount()).isEqualTo(2);
        assertThat(response.getEvents(0).hasPrevKv()).isFalse();
        assertThat(response.getEvents(1).getPrevKv().getValue()).isEqualTo(utf8("2"));
    }

    @Test
    void shouldCoalesceBurst() {
        create(request -> request);
        output.setWindow(0);
        for (int i = 0; i < 100; i++) {
            put("a", "value " + i);
        }
        assertThat(run()).isEmpty();
        ready();
        WatchResponse response = only(output.take());
        assertThat(response.getEventsCount()).isEqualTo(100);
        assertThat(response.getHeader().getRevision()).isEqualTo(101);
    }

    @Test
    void shouldGiveTwoWatchersOfOneKeyTheirOwnResponses() {
        create(request -> request);
        create(request -> request);
        put("a", "1");
        assertThat(run()).extracting(WatchResponse::getWatchId).containsExactly(0L, 1L);
    }

    @Test
    void shouldAnswerProgressOnceBehindPendingEvents() {
        create(request -> request);
        output.setWindow(0);
        put("a", "1");
        assertThat(askProgress()).isEmpty();
        ready();
        List<WatchResponse> responses = output.take();
        assertThat(responses).extracting(WatchResponse::getWatchId).containsExactly(0L, -1L);
        assertThat(responses.get(1).getHeader().getRevision()).isEqualTo(2);
        put("a", "2");
        assertThat(run()).hasSize(1);
    }

    @Test
    void shouldNeverAnswerProgressWhenNotInSync() {
        assertThat(askProgress()).isEmpty();
        create(request -> request.setStartRevision(3));
        assertThat(askProgress()).isEmpty();
        put("a", "1");
        put("a", "2");
        assertThat(run()).hasSize(1);
        assertThat(only(askProgress()).getHeader().getRevision()).isEqualTo(3);

        // A watcher with a past: out of sync until the catch-up thread has been there.
        create(request -> request.setStartRevision(1).setKey(utf8("z")));
        assertThat(drain(progressRequest())).isEmpty();
        assertThat(run()).isEmpty();
        assertThat(askProgress()).hasSize(1);
    }

    @Test
    void shouldWaitWithProgressUntilWhatReadersSeeIsPublished() {
        create(request -> request);
        List<Event> visible = log.write(List.of(Change.put("a", "1")));
        assertThat(askProgress()).isEmpty();
        hub.onEvents(2, visible);
        List<WatchResponse> responses = run();
        assertThat(responses).extracting(WatchResponse::getWatchId).containsExactly(0L, -1L);
        assertThat(responses.get(1).getHeader().getRevision()).isEqualTo(2);
    }

    @Test
    void shouldTellProgressWhenLaterWatcherIsThereWithoutAnEvent() {
        // The second watcher is created behind the request, lies in the past and has nothing to send: still the answer
        // comes.
        put("b", "1");
        create(request -> request);
        output.setWindow(0);
        stream.onRequest(progressRequest());
        stream.onRequest(WatchRequest.newBuilder()
                .setCreateRequest(
                        WatchCreateRequest.newBuilder().setKey(utf8("z")).setStartRevision(1))
                .build());
        ready();
        assertThat(output.take()).extracting(WatchResponse::getCreated).containsExactly(true);
        assertThat(only(run()).getWatchId()).isEqualTo(-1);
    }

    @Test
    void shouldNotifyIdleWatchersOfProgress() {
        long interval = TimeUnit.MINUTES.toNanos(10);
        hub.doWork(0);
        create(request -> request.setProgressNotify(true));
        create(request -> request);
        assertThat(tick(interval - 1)).isEmpty();
        WatchResponse notice = only(tick(interval));
        assertThat(notice.getWatchId()).isZero();
        assertThat(notice.getEventsCount()).isZero();
        assertThat(notice.getHeader().getRevision()).isEqualTo(1);

        // An event takes the place of the next notice.
        put("a", "1");
        assertThat(run()).hasSize(2);
        assertThat(tick(2 * interval)).isEmpty();
        assertThat(only(tick(3 * interval)).getHeader().getRevision()).isEqualTo(2);
    }

    @Test
    void shouldSplitLargeResponsesForThoseWhoAllowIt() {
        reopen(new WatchOptions(1, 1000, 1 << 20, 1000, 1 << 20, 1 << 20, 1000, 1 << 20, 16, 1 << 20));
        create(request -> request.setFragment(true).setRangeEnd(utf8("b")));
        create(request -> request.setRangeEnd(utf8("b")));
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            changes.add(Change.put("a" + i, "x".repeat(i == 4 ? 2000 : 300)));
        }
        write(changes);
        List<WatchResponse> responses = run();
        List<WatchResponse> split = responses.stream()
                .filter(response -> response.getWatchId() == 0)
                .toList();
        assertThat(split).extracting(WatchResponse::getEventsCount).containsExactly(3, 1, 1, 3, 2);
        assertThat(split).extracting(WatchResponse::getFragment).containsExactly(true, true, true, true, false);
        assertThat(split).allMatch(response -> response.getHeader().getRevision() == 2);
        for (int i = 0; i + 1 < split.size(); i++) {
            int size = split.get(i).getSerializedSize();
            assertThat(size < 1000 || split.get(i).getEventsCount() == 1).isTrue();
            // The next event would have been too much.
            WatchResponse more = split.get(i).toBuilder()
                    .addEvents(split.get(i + 1).getEvents(0))
                    .build();
            assertThat(more.getSerializedSize()).isGreaterThanOrEqualTo(1000);
        }
        assertThat(responses.stream().filter(response -> response.getWatchId() == 1))
                .singleElement()
                .satisfies(whole -> assertThat(whole.getEventsCount()).isEqualTo(10));
    }

    @Test
    void shouldNotAcceptRequestsWithoutRoomForAnswers() {
        output.setWindow(0);
        for (int i = 0; i < 16; i++) {
            assertThat(stream.acceptsRequests()).isTrue();
            drain(createRequest(request -> request));
        }
        assertThat(stream.acceptsRequests()).isFalse();
        ready();
        assertThat(output.take()).hasSize(16);
        assertThat(stream.acceptsRequests()).isTrue();
        output.setWindow(0);
        for (int i = 0; i < 17; i++) {
            stream.onRequest(createRequest(request -> request));
        }
        assertThat(output.failure()).isEqualTo(WatchOutput.Failure.TOO_MANY_REQUESTS);
        assertThat(hub.watchers()).isZero();
        assertThat(hub.streams()).isZero();
    }

    @Test
    void shouldEndStreamsWhenTheHubIsClosed() {
        create(request -> request);
        hub.close();
        run();
        assertThat(output.failure()).isEqualTo(WatchOutput.Failure.STOPPED);
        assertThat(hub.watchers()).isZero();
        ManualOutput late = new ManualOutput();
        hub.open(late);
        assertThat(late.runTask()).isTrue();
        assertThat(late.failure()).isEqualTo(WatchOutput.Failure.STOPPED);
        assertThat(hub.streams()).isZero();
    }

    @Test
    void shouldReleaseEverythingOnClose() {
        put("a", "1");
        for (int i = 0; i < 1000; i++) {
            create(request -> request.setStartRevision(1));
            create(request -> request.setRangeEnd(utf8("b")));
        }
        output.setWindow(0);
        put("a", "2");
        assertThat(hub.eventsPending()).isPositive();
        stream.close();
        stream.close();
        assertThat(hub.watchers()).isZero();
        assertThat(hub.slowWatchers()).isZero();
        assertThat(hub.eventsPending()).isZero();
        assertThat(hub.bytesPending()).isZero();
        hub.doWork(0);
        assertThat(hub.catchUp().oldest()).isNull();
        assertThat(output.failure()).isNull();
    }

    @Test
    void shouldInsistOnRevisionsWithoutGap() {
        List<Event> first = log.write(List.of(Change.put("a", "1")));
        List<Event> second = log.write(List.of(Change.put("a", "2")));
        assertThatThrownBy(() -> hub.onEvents(3, second)).isInstanceOf(IllegalStateException.class);
        hub.onEvents(2, first);
        assertThatThrownBy(() -> hub.onEvents(2, first)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldRefuseTwoThreadsAtOnceAndCallsFromInside() {
        ManualOutput reentrant = new ManualOutput();
        WatchStream[] confined = new WatchStream[1];
        confined[0] = hub.open(new WatchOutput() {
            @Override
            public boolean isReady() {
                return true;
            }

            @Override
            public void send(EncodedResponse response) {
                confined[0].onReady();
            }

            @Override
            public void execute(Runnable task) {
                reentrant.execute(task);
            }

            @Override
            public void fail(Failure failure) {
                reentrant.fail(failure);
            }
        });
        assertThatThrownBy(() -> confined[0].onRequest(createRequest(request -> request)))
                .isInstanceOf(IllegalStateException.class);
    }

    // What the clients, the store and the threads do.

    private void reopen(WatchOptions options) {
        hub = new WatchHub(log, options, new FixedHeaders(), bound -> 0);
        output = new ManualOutput();
        stream = hub.open(output);
    }

    private void put(String key, String value) {
        write(List.of(Change.put(key, value)));
    }

    private void write(List<Change> changes) {
        List<Event> events = log.write(changes);
        hub.onEvents(log.currentRevision(), events);
    }

    /** Lets all threads go on until nothing moves. */
    private List<WatchResponse> run() {
        boolean moves = true;
        while (moves) {
            moves = hub.doWork(0) > 0;
            moves |= output.runTask();
        }
        return output.take();
    }

    private List<WatchResponse> tick(long nowNanos) {
        hub.doWork(nowNanos);
        while (output.runTask()) {
            // One task after the other.
        }
        return output.take();
    }

    private void ready() {
        if (output.setWindow(Integer.MAX_VALUE)) {
            stream.onReady();
        }
    }

    private List<WatchResponse> drain(WatchRequest request) {
        stream.onRequest(request);
        return output.take();
    }

    private WatchResponse create(UnaryOperator<WatchCreateRequest.Builder> change) {
        return only(drain(createRequest(change)));
    }

    private static WatchRequest createRequest(UnaryOperator<WatchCreateRequest.Builder> change) {
        return WatchRequest.newBuilder()
                .setCreateRequest(change.apply(WatchCreateRequest.newBuilder().setKey(utf8("a"))))
                .build();
    }

    private List<WatchResponse> cancel(long id) {
        return drain(WatchRequest.newBuilder()
                .setCancelRequest(WatchCancelRequest.newBuilder().setWatchId(id))
                .build());
    }

    private List<WatchResponse> askProgress() {
        stream.onRequest(progressRequest());
        return run();
    }

    private static WatchRequest progressRequest() {
        return WatchRequest.newBuilder()
                .setProgressRequest(WatchProgressRequest.getDefaultInstance())
                .build();
    }

    private static void assertRefused(WatchResponse response, String reason) {
        assertThat(response.getWatchId()).isEqualTo(-1);
        assertThat(response.getCreated()).isTrue();
        assertThat(response.getCanceled()).isTrue();
        assertThat(response.getCancelReason()).isEqualTo(reason);
        assertThat(response.getHeader().getRevision()).isEqualTo(1);
    }

    private static List<String> keys(List<WatchResponse> responses) {
        return responses.stream()
                .flatMap(response -> response.getEventsList().stream())
                .map(event -> event.getKv().getKey().toStringUtf8())
                .toList();
    }

    private static WatchResponse only(List<WatchResponse> responses) {
        assertThat(responses).hasSize(1);
        return responses.get(0);
    }

    private static ByteString utf8(String text) {
        return ByteString.copyFromUtf8(text);
    }
}
