package dev.cairn.server.peer;

import dev.cairn.mvcc.HashKv;
import dev.cairn.server.corruption.PeerHashes;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the other members for their digests over their peer port, one after the other, each at its URLs in turn until one answers.
 * Confined to one thread at a time. The connection pool, which has a thread of the JDK's, is made with the first peer.
 */
public final class PeerHashClient implements PeerHashes {
    private static final Logger LOG = LoggerFactory.getLogger(PeerHashClient.class);

    private final Cluster cluster;
    private final Duration requestLimit;
    private @Nullable HttpClient client;

    /** What one URL answered; one of the two is null. */
    private record Reply(@Nullable HashKv hash, @Nullable Failure failure, String error) {}

    /** @param requestLimit how long one question may take */
    public PeerHashClient(Cluster cluster, Duration requestLimit) {
        this.cluster = cluster;
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
        try {
            HttpRequest question = HttpRequest.newBuilder(URI.create(url + PeerPages.HASH_KV))
                    .timeout(requestLimit)
                    .header("Content-Type", "application/json")
                    .header(
                            PeerPages.CLUSTER_ID,
                            Identity.hex(cluster.identity().clusterId()))
                    .method("GET", HttpRequest.BodyPublishers.ofString(HashKvFormat.question(revision)))
                    .build();
            HttpResponse<InputStream> answer = client().send(question, HttpResponse.BodyHandlers.ofInputStream());
            String body;
            try (InputStream in = answer.body()) {
                body = new String(in.readNBytes(HashKvFormat.BYTES_MAX), StandardCharsets.UTF_8);
            }
            return answer.statusCode() == 200
                    ? new Reply(HashKvFormat.hashOf(body), null, "")
                    : new Reply(null, failureOf(answer.statusCode(), body), body.strip());
        } catch (IOException | IllegalArgumentException e) {
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

    private HttpClient client() {
        HttpClient made = client;
        if (made == null) {
            made = HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(requestLimit)
                    .build();
            client = made;
        }
        return made;
    }
}
