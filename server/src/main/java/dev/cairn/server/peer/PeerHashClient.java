package dev.cairn.server.peer;

import dev.cairn.mvcc.HashKv;
import dev.cairn.server.corruption.PeerHashes;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the other members for their digests over their peer port, one after the other, each at its URLs in turn until one answers.
 * Confined to one thread at a time, which waits for the answers.
 */
public final class PeerHashClient implements PeerHashes {
    private static final Logger LOG = LoggerFactory.getLogger(PeerHashClient.class);

    private final Cluster cluster;
    private final Duration requestLimit;
    private final PeerClient client;

    /** What one URL answered; one of the two is null. */
    private record Reply(@Nullable HashKv hash, @Nullable Failure failure, String error) {}

    /** @param requestLimit how long one question may take */
    public PeerHashClient(Cluster cluster, PeerClient client, Duration requestLimit) {
        this.cluster = cluster;
        this.client = client;
        this.requestLimit = requestLimit;
    }

    @Override
    public List<Answer> at(long revision) {
        List<Answer> answers = new ArrayList<>();
        for (Member member : cluster.view().members()) {
            if (member.id() != cluster.identity().memberId()
                    && !member.peerUrls().isEmpty()) {
                answers.add(ask(member, revision));
            }
        }
        return answers;
    }

    private Answer ask(Member member, long revision) {
        Failure last = Failure.UNREACHABLE;
        for (String url : member.peerUrls()) {
            Reply reply = ask(url, revision);
            if (reply.hash() != null) {
                return Answer.of(member.id(), member.peerUrls(), reply.hash());
            }
            last = reply.failure() == null ? Failure.UNREACHABLE : reply.failure();
            LOG.atWarn()
                    .setMessage("failed hash kv request")
                    .addKeyValue(
                            "local-member-id", Identity.hex(cluster.identity().memberId()))
                    .addKeyValue("requested-revision", revision)
                    .addKeyValue("remote-peer-endpoint", url)
                    .addKeyValue("error", reply.error())
                    .log();
        }
        return Answer.failed(member.id(), member.peerUrls(), last);
    }

    private Reply ask(String url, long revision) {
        Map<String, String> headers = Map.of(
                "Content-Type",
                "application/json",
                PeerPages.CLUSTER_ID,
                Identity.hex(cluster.identity().clusterId()));
        byte[] question = HashKvFormat.question(revision).getBytes(StandardCharsets.UTF_8);
        try {
            PeerClient.Reply answer = client.ask("GET", url + PeerPages.HASH_KV, headers, question, requestLimit)
                    .get();
            String body = new String(answer.body(), StandardCharsets.UTF_8);
            return answer.status() == 200
                    ? new Reply(HashKvFormat.hashOf(body), null, "")
                    : new Reply(null, failureOf(answer.status(), body), body.strip());
        } catch (ExecutionException e) {
            return new Reply(null, Failure.UNREACHABLE, String.valueOf(e.getCause()));
        } catch (IOException e) {
            return new Reply(null, Failure.UNREACHABLE, e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Reply(null, Failure.UNREACHABLE, "interrupted");
        }
    }

    private static Failure failureOf(int status, String body) {
        if (status == 400 && body.contains(PeerPages.COMPACTED)) {
            return Failure.COMPACTED;
        }
        if (status == 400 && body.contains(PeerPages.FUTURE_REVISION)) {
            return Failure.FUTURE_REVISION;
        }
        if (status == 412 && body.contains(PeerPages.CLUSTER_ID_MISMATCH)) {
            return Failure.CLUSTER_ID_MISMATCH;
        }
        return Failure.UNREACHABLE;
    }
}
