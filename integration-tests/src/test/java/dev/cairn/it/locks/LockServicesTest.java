package dev.cairn.it.locks;

import static dev.cairn.it.locks.Session.bytes;
import static dev.cairn.it.locks.Session.get;
import static dev.cairn.it.locks.Session.outcome;
import static dev.cairn.it.locks.Session.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.v3electionpb.CampaignResponse;
import dev.cairn.proto.v3electionpb.LeaderKey;
import dev.cairn.proto.v3electionpb.LeaderRequest;
import dev.cairn.proto.v3electionpb.ProclaimRequest;
import dev.cairn.proto.v3electionpb.ResignRequest;
import dev.cairn.proto.v3lockpb.LockResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: locks and elections by the services answer as etcd's. Method: one script against ours and a real etcd, both fresh;
 * what every call answered, revisions included, must be the same line for line.
 */
@Tag("oracle")
@Timeout(180)
class LockServicesTest {
    @TempDir
    Path directory;

    private interface Script {
        void run(Session client, Session other, List<String> transcript) throws Exception;
    }

    private void compare(Script script) throws Exception {
        List<String> ours = run(Programs.ours(), "ours", script);
        List<String> real = run(Programs.real("etcd"), "real", script);
        assertThat(ours).as("transcript of ours").isNotEmpty().isEqualTo(real);
    }

    private List<String> run(Path program, String name, Script script) throws Exception {
        List<String> transcript = new ArrayList<>();
        try (ServerProcess server = ServerProcess.start(program, directory.resolve(name));
                Session client = new Session(server);
                Session other = new Session(server)) {
            script.run(client, other, transcript);
        } catch (Exception | AssertionError e) {
            throw new AssertionError(name + " after " + transcript, e);
        }
        return transcript;
    }

    @Test
    void shouldRefuseAsEtcd() throws Exception {
        compare((client, other, transcript) -> {
            LeaderKey nobody = LeaderKey.newBuilder()
                    .setName(bytes("e"))
                    .setKey(bytes("e/1"))
                    .setRev(5)
                    .setLease(9)
                    .build();
            transcript.add(outcome(() -> get(client.lock("l", 77))));
            transcript.add(outcome(() -> get(client.lock("l", -1))));
            transcript.add(outcome(() -> client.unlock(ByteString.EMPTY)));
            transcript.add(outcome(() -> client.unlock(bytes("l/nokey"))));
            transcript.add(outcome(() -> get(client.campaign("e", 77, "v"))));
            transcript.add(outcome(() -> client.election.leader(
                    LeaderRequest.newBuilder().setName(bytes("e")).build())));
            transcript.add(outcome(() -> client.election.leader(LeaderRequest.getDefaultInstance())));
            transcript.add(outcome(() -> client.election.proclaim(ProclaimRequest.getDefaultInstance())));
            transcript.add(outcome(() -> client.election.resign(ResignRequest.getDefaultInstance())));
            transcript.add(outcome(() -> client.election.proclaim(ProclaimRequest.newBuilder()
                    .setLeader(LeaderKey.getDefaultInstance())
                    .build())));
            transcript.add(outcome(() -> client.election.resign(ResignRequest.newBuilder()
                    .setLeader(LeaderKey.getDefaultInstance())
                    .build())));
            transcript.add(outcome(() -> client.election.proclaim(
                    ProclaimRequest.newBuilder().setLeader(nobody).build())));
            // With revision 0 the key must not exist, so that the put is tried: with a lease that nobody has.
            transcript.add(outcome(() -> client.election.proclaim(ProclaimRequest.newBuilder()
                    .setLeader(nobody.toBuilder().setRev(0))
                    .build())));
            transcript.add(""
                    + client.election
                            .resign(ResignRequest.newBuilder().setLeader(nobody).build())
                            .getHeader()
                            .getRevision());
            // A lock's name may be empty, and its lease's number negative.
            var ignored = client.grant(-255);
            transcript.add(text(get(client.lock("", -255))));
            transcript.addAll(client.keys("/"));
            transcript.add(text(client.range("/").getKvs(0)));
        });
    }

    @Test
    void shouldLockInTheOrderOfComing() throws Exception {
        compare((client, other, transcript) -> {
            List<ListenableFuture<LockResponse>> contenders = new ArrayList<>();
            for (int i = 1; i <= 5; i++) {
                contenders.add((i % 2 == 0 ? client : other).lock("l", client.grant(0x10 * i)));
                client.awaitKeys("l/", i);
            }
            for (ListenableFuture<LockResponse> contender : contenders) {
                LockResponse held = get(contender);
                transcript.add(text(held));
                transcript.add("" + contenders.stream().filter(c -> c.isDone()).count());
                transcript.add(text(client.range(held.getKey().toStringUtf8()).getKvs(0)));
                transcript.add("" + client.unlock(held.getKey()));
                transcript.add("" + client.unlock(held.getKey()));
            }
        });
    }

    @Test
    void shouldGiveOneLeaseOnePlace() throws Exception {
        compare((client, other, transcript) -> {
            long lease = client.grant(1);
            LockResponse held = get(client.lock("l", lease));
            transcript.add(text(held));
            transcript.add(text(get(client.lock("l", lease))));
            long second = client.grant(2);
            ListenableFuture<LockResponse> waiting = client.lock("l", second);
            client.awaitKeys("l/", 2);
            transcript.add(text(get(client.lock("other", second))));
            ListenableFuture<LockResponse> again = other.lock("l", second);
            transcript.add("" + client.unlock(held.getKey()));
            transcript.add(get(waiting).getKey().toStringUtf8());
            transcript.add(get(again).getKey().toStringUtf8());
        });
    }

    @Test
    void shouldTakeAwayWhoGivesUp() throws Exception {
        compare((client, other, transcript) -> {
            LockResponse held = get(client.lock("l", client.grant(1)));
            ListenableFuture<LockResponse> cancelled = client.lock("l", client.grant(2));
            client.awaitKeys("l/", 2);
            ListenableFuture<LockResponse> dying = other.lock("l", client.grant(3));
            client.awaitKeys("l/", 3);
            ListenableFuture<LockResponse> last = client.lock("l", client.grant(4));
            client.awaitKeys("l/", 4);
            cancelled.cancel(true);
            client.awaitKeys("l/", 3);
            other.close();
            client.awaitKeys("l/", 2);
            transcript.addAll(client.keys("l/"));
            transcript.add("" + last.isDone() + dying.isDone());
            transcript.add("" + client.unlock(held.getKey()));
            transcript.add(text(get(last)));
            CampaignResponse leader = get(client.campaign("e", 1, "a"));
            ListenableFuture<CampaignResponse> gone = client.campaign("e", 2, "b");
            client.awaitKeys("e/", 2);
            gone.cancel(true);
            client.awaitKeys("e/", 1);
            transcript.add(text(leader));
            transcript.add(text(client.range("e/").getKvs(0)));
        });
    }

    @Test
    void shouldTellThatTheSessionHasExpired() throws Exception {
        compare((client, other, transcript) -> {
            LockResponse held = get(client.lock("l", client.grant(1)));
            ListenableFuture<LockResponse> waiting = client.lock("l", client.grant(2));
            client.awaitKeys("l/", 2);
            ListenableFuture<LockResponse> last = client.lock("l", client.grant(3));
            client.awaitKeys("l/", 3);
            client.revoke(2);
            client.awaitKeys("l/", 2);
            transcript.add("" + waiting.isDone());
            client.revoke(1);
            transcript.add(outcome(() -> get(waiting)));
            transcript.add(text(get(last)));
            transcript.add(held.getKey().toStringUtf8());
        });
    }

    @Test
    void shouldElectProclaimAndResign() throws Exception {
        compare((client, other, transcript) -> {
            CampaignResponse first = get(client.campaign("e", client.grant(1), "one"));
            transcript.add(text(first));
            ListenableFuture<CampaignResponse> second = other.campaign("e", client.grant(2), "two");
            client.awaitKeys("e/", 2);
            LeaderRequest who = LeaderRequest.newBuilder().setName(bytes("e")).build();
            transcript.add(text(client.election.leader(who).getKv()));
            ProclaimRequest proclamation = ProclaimRequest.newBuilder()
                    .setLeader(first.getLeader())
                    .setValue(bytes("uno"))
                    .build();
            transcript.add(
                    "" + client.election.proclaim(proclamation).getHeader().getRevision());
            // The same candidate again: with its value nothing happens, with another it is put.
            transcript.add(text(get(client.campaign("e", 1, "uno"))));
            transcript.add(text(get(client.campaign("e", 1, "eins"))));
            transcript.add(text(client.election.leader(who).getKv()));
            ResignRequest resignation =
                    ResignRequest.newBuilder().setLeader(first.getLeader()).build();
            transcript.add("" + client.election.resign(resignation).getHeader().getRevision());
            transcript.add(text(get(second)));
            transcript.add(outcome(() -> client.election.proclaim(proclamation)));
            transcript.add("" + client.election.resign(resignation).getHeader().getRevision());
            transcript.add(text(client.election.leader(who).getKv()));
        });
    }

    @Test
    void shouldObserveOneLeaderAfterTheOther() throws Exception {
        compare((client, other, transcript) -> {
            try (Session.Observation observation = client.observe("e");
                    Session.Observation late = other.observe("e")) {
                CampaignResponse first = get(client.campaign("e", client.grant(1), "one"));
                transcript.add(observation.next());
                transcript.add(late.next());
                ListenableFuture<CampaignResponse> second = other.campaign("e", client.grant(2), "two");
                client.awaitKeys("e/", 2);
                for (String value : List.of("uno", "eins")) {
                    var ignored = client.election.proclaim(ProclaimRequest.newBuilder()
                            .setLeader(first.getLeader())
                            .setValue(bytes(value))
                            .build());
                    transcript.add(observation.next());
                }
                client.revoke(1);
                transcript.add(observation.next());
                transcript.add(text(get(second)));
                // Nobody leads, and then somebody does.
                client.revoke(2);
                var ignored = get(client.campaign("e", client.grant(3), "three"));
                transcript.add(observation.next());
            }
        });
    }
}
