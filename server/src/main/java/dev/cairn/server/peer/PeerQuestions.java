package dev.cairn.server.peer;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.MemberFormat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a member wants to know of others: who belongs to their cluster, and which version they run. Thread-safe. */
public final class PeerQuestions {
    private static final Logger LOG = LoggerFactory.getLogger(PeerQuestions.class);
    private static final String MEMBERS = "/members";
    private static final String CLUSTER_ID = "X-Etcd-Cluster-ID";

    /** A cluster as one of its members describes it. */
    public record RemoteCluster(long clusterId, List<Member> members) {
        public RemoteCluster {
            members = List.copyOf(members);
        }
    }

    /**
     * The versions that a member tells.
     *
     * @param cluster {@code not_decided} where there is none yet
     */
    public record Versions(String server, String cluster) {}

    private final PeerClient client;

    public PeerQuestions(PeerClient client) {
        this.client = client;
    }

    /**
     * The cluster that stands behind these peer URLs: the first, in their order, that answers is believed. Blocks.
     *
     * @param limit how long one URL may take
     * @param quietly whether it is normal that nobody answers
     * @throws IOException when nobody answers usefully; the message is etcd's
     */
    public RemoteCluster cluster(List<String> urls, Duration limit, boolean quietly)
            throws IOException, InterruptedException {
        // All at once: founders that start together keep each other waiting, because none answers before it knows who
        // it is.
        List<CompletableFuture<PeerClient.Reply>> asked =
                urls.stream().map(url -> client.get(url + MEMBERS, limit)).toList();
        for (int i = 0; i < urls.size(); i++) {
            String address = urls.get(i) + MEMBERS;
            try {
                PeerClient.Reply reply = wait(asked.get(i), limit);
                List<Member> members = members(new String(reply.body(), StandardCharsets.UTF_8));
                long id = Long.parseUnsignedLong(
                        reply.headers().firstValue(CLUSTER_ID).orElse(""), 16);
                if (members.isEmpty()) {
                    throw new IOException("failed to get raft cluster member(s) from the given URLs");
                }
                return new RemoteCluster(id, members);
            } catch (PeerFailure | JsonParseException | IllegalStateException | NumberFormatException e) {
                if (!quietly) {
                    LOG.atWarn()
                            .setMessage("failed to get cluster response")
                            .addKeyValue("address", address)
                            .addKeyValue("error", String.valueOf(e.getMessage()))
                            .log();
                }
            }
        }
        throw new IOException("could not retrieve cluster information from the given URLs");
    }

    /** The versions of a member; null when none of its URLs answers. Blocks. */
    public @Nullable Versions versions(Member member, Duration limit) throws InterruptedException {
        for (String url : member.peerUrls()) {
            try {
                return versions(wait(client.get(url + "/version", limit), limit));
            } catch (PeerFailure | JsonParseException | IllegalStateException e) {
                unreachable(url + "/version", member, String.valueOf(e.getMessage()));
            }
        }
        return null;
    }

    /** As {@link #versions}, without waiting; completes with null when none of the URLs answers. */
    public CompletableFuture<@Nullable Versions> versionsLater(Member member, Duration limit) {
        return versionsLater(member, 0, limit);
    }

    private CompletableFuture<@Nullable Versions> versionsLater(Member member, int at, Duration limit) {
        if (at == member.peerUrls().size()) {
            return CompletableFuture.completedFuture(null);
        }
        String address = member.peerUrls().get(at) + "/version";
        CompletableFuture<@Nullable Versions> answered = client.get(address, limit)
                .handle((reply, failure) -> {
                    try {
                        if (reply != null) {
                            return versions(reply);
                        }
                        unreachable(address, member, String.valueOf(failure.getMessage()));
                    } catch (JsonParseException | IllegalStateException e) {
                        unreachable(address, member, String.valueOf(e.getMessage()));
                    }
                    return null;
                });
        return answered.thenCompose(versions ->
                versions != null ? CompletableFuture.completedFuture(versions) : versionsLater(member, at + 1, limit));
    }

    /** Whether any of the members tells that the cluster is being downgraded. Blocks. */
    public boolean downgradeEnabled(List<Member> members, Duration limit) throws InterruptedException {
        for (Member member : members) {
            for (String url : member.peerUrls()) {
                try {
                    PeerClient.Reply reply = wait(client.get(url + "/downgrade/enabled", limit), limit);
                    if (reply.status() == 200) {
                        return new String(reply.body(), StandardCharsets.UTF_8)
                                .strip()
                                .equals("true");
                    }
                } catch (PeerFailure e) {
                    unreachable(url + "/downgrade/enabled", member, String.valueOf(e.getMessage()));
                }
            }
        }
        return false;
    }

    private static void unreachable(String address, Member member, String error) {
        LOG.atWarn()
                .setMessage("failed to reach the peer URL")
                .addKeyValue("address", address)
                .addKeyValue("remote-member-id", Identity.hex(member.id()))
                .addKeyValue("error", error)
                .log();
    }

    private static Versions versions(PeerClient.Reply reply) {
        JsonObject json = JsonParser.parseString(new String(reply.body(), StandardCharsets.UTF_8))
                .getAsJsonObject();
        return new Versions(text(json, "etcdserver"), text(json, "etcdcluster"));
    }

    private static String text(JsonObject json, String name) {
        JsonElement value = json.get(name);
        if (value == null) {
            throw new JsonParseException("no " + name);
        }
        return value.getAsString();
    }

    /** The members in an answer to {@code /members}. */
    static List<Member> members(String json) {
        List<Member> members = new ArrayList<>();
        for (JsonElement element : JsonParser.parseString(json).getAsJsonArray()) {
            try {
                members.add(MemberFormat.decode(ByteString.copyFromUtf8(element.toString())));
            } catch (IOException e) {
                throw new JsonParseException(e);
            }
        }
        return members;
    }

    /** A member did not answer. */
    private static final class PeerFailure extends Exception {
        private static final long serialVersionUID = 1L;

        PeerFailure(String message) {
            super(message);
        }
    }

    private static PeerClient.Reply wait(CompletableFuture<PeerClient.Reply> question, Duration limit)
            throws PeerFailure, InterruptedException {
        try {
            // The client gives up by itself; this is only for one that does not.
            return question.get(2 * limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new PeerFailure(String.valueOf(e.getCause()));
        } catch (TimeoutException e) {
            throw new PeerFailure("no answer within " + limit);
        }
    }
}
