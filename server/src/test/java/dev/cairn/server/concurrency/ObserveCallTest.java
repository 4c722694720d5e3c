package dev.cairn.server.concurrency;

import static dev.cairn.server.concurrency.FakeCalls.deletion;
import static dev.cairn.server.concurrency.FakeCalls.events;
import static dev.cairn.server.concurrency.FakeCalls.kv;
import static dev.cairn.server.concurrency.FakeCalls.put;
import static dev.cairn.server.concurrency.FakeCalls.range;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.proto.v3electionpb.LeaderResponse;
import dev.cairn.server.api.EtcdError;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The steps of Observe, with a member and a client that the test plays. */
class ObserveCallTest {
    private final FakeCalls member = new FakeCalls();
    private final List<String> sent = new ArrayList<>();
    private boolean ready = true;
    private final ObserveCall call = new ObserveCall(member, ByteString.copyFromUtf8("e"), new ObserveCall.Output() {
        @Override
        public boolean isReady() {
            return ready;
        }

        @Override
        public void send(LeaderResponse response) {
            sent.add(response.getHeader().getRevision() + " "
                    + response.getKv().getValue().toStringUtf8());
        }

        @Override
        public void end(Status status) {
            sent.add(status.getCode().toString());
        }
    });

    @Test
    void shouldFollowALeaderAndThenTheNext() {
        call.start();
        member.next("Range").answer(range(9, kv("e/1", 5, 5, "one")));
        FakeCalls.FakeWatch first = member.watch();
        assertThat(first.request.getStartRevision()).isEqualTo(10);
        first.respond(events(11, put(kv("e/1", 5, 10, "uno")), put(kv("e/1", 5, 11, "eins"))));
        // What comes behind the deletion is found by looking again.
        first.respond(events(13, deletion("e/1"), put(kv("e/1", 13, 13, "back"))));
        assertThat(first.cancelled).isTrue();
        member.next("Range").answer(range(14, kv("e/2", 7, 7, "two")));
        assertThat(sent).containsExactly("9 one", "11 uno", "11 eins", "14 two");
    }

    @Test
    void shouldAwaitTheFirstLeader() {
        call.start();
        member.next("Range").answer(range(9));
        FakeCalls.FakeWatch all = member.watch();
        assertThat(all.request.getKey().toStringUtf8()).isEqualTo("e/");
        assertThat(all.request.getRangeEnd().toStringUtf8()).isEqualTo("e0");
        assertThat(all.request.getStartRevision()).isEqualTo(9);
        all.respond(WatchResponse.newBuilder().setCreated(true).build());
        all.respond(events(9, deletion("e/1")));
        all.respond(events(12, put(kv("e/3", 11, 11, "three")), put(kv("e/4", 12, 12, "four"))));
        assertThat(sent).containsExactly("11 three");
        assertThat(member.watch().request.getKey().toStringUtf8()).isEqualTo("e/3");
        assertThat(member.watch().request.getStartRevision()).isEqualTo(12);
    }

    @Test
    void shouldAskForNoMoreThanTheClientTakes() {
        call.start();
        ready = false;
        member.next("Range").answer(range(9, kv("e/1", 5, 5, "one")));
        assertThat(member.watches)
                .as("nothing is watched while the first answer waits")
                .isEmpty();
        ready = true;
        call.onReady();
        FakeCalls.FakeWatch watch = member.watch();
        ready = false;
        watch.respond(events(11, put(kv("e/1", 5, 10, "uno")), put(kv("e/1", 5, 11, "eins"))));
        assertThat(watch.wanted).isZero();
        assertThat(sent).containsExactly("9 one");
        ready = true;
        call.onReady();
        assertThat(sent).containsExactly("9 one", "11 uno", "11 eins");
        assertThat(watch.wanted).isEqualTo(1);
    }

    @Test
    void shouldLookAgainWhenCompactionOvertookTheWatch() {
        call.start();
        member.next("Range").answer(range(9, kv("e/1", 5, 5, "one")));
        member.watch()
                .respond(WatchResponse.newBuilder()
                        .setCanceled(true)
                        .setCompactRevision(20)
                        .build());
        member.next("Range").answer(range(21, kv("e/1", 5, 15, "uno")));
        assertThat(sent).containsExactly("9 one", "21 uno");
    }

    @Test
    void shouldEndPlainlyWhereItMayNotRead() {
        call.start();
        member.next("Range").reply().fail(EtcdError.PERMISSION_DENIED.status());
        assertThat(sent).containsExactly("OK");
    }

    @Test
    void shouldTellThatTheMemberStops() {
        call.start();
        member.next("Range").answer(range(9, kv("e/1", 5, 5, "one")));
        member.watch().close(EtcdError.STOPPED.status());
        assertThat(sent).containsExactly("9 one", "UNAVAILABLE");
    }

    @Test
    void shouldReleaseEverythingWhenCancelled() {
        call.start();
        member.next("Range").answer(range(9, kv("e/1", 5, 5, "one")));
        call.cancel();
        assertThat(member.watch().cancelled).isTrue();
        call.onReady();
        assertThat(sent).containsExactly("9 one");
        assertThat(member.asked).isEmpty();
    }
}
