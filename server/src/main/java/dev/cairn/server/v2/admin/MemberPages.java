package dev.cairn.server.v2.admin;

import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpRequest;
import dev.cairn.server.http.Json;
import dev.cairn.server.http.Router;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.Reconfiguration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** {@code /v2/members} and {@code /v2/machines}: who the members are, and how they change. Thread-safe; never blocks. */
final class MemberPages {
    private static final String MEMBERS = "/v2/members";
    private static final String MACHINES = "/v2/machines";
    /** What Go calls a body. */
    private static final String BODY = "struct { PeerURLs []string \"json:\\\"peerURLs\\\"\" }";

    private static final Pattern ID = Pattern.compile("0*[0-9a-fA-F]{1,16}");
    private static final String[] METHODS = {"GET", "POST", "DELETE", "PUT"};

    private final Cluster cluster;
    private final LongSupplier leader;
    private final Reconfiguration reconfiguration;
    private final Requesters requesters;

    /** @param leader the leader's ID; 0 when there is none */
    MemberPages(Cluster cluster, LongSupplier leader, Reconfiguration reconfiguration, Requesters requesters) {
        this.cluster = cluster;
        this.leader = leader;
        this.reconfiguration = reconfiguration;
        this.requesters = requesters;
    }

    void addTo(Router router) {
        router.any(MEMBERS, this::members);
        router.under(MEMBERS + "/", this::members);
        router.any(MACHINES, this::machines);
    }

    private CompletionStage<HttpAnswer> machines(HttpRequest request) {
        HttpAnswer refused = Replies.refuseMethod(request, "GET", "HEAD");
        List<String> urls = new ArrayList<>(cluster.view().clientUrls());
        Collections.sort(urls);
        return CompletableFuture.completedFuture(
                refused == null ? HttpAnswer.text(200, String.join(", ", urls)) : refused);
    }

    private CompletionStage<HttpAnswer> members(HttpRequest request) {
        HttpAnswer refused = Replies.refuseMethod(request, METHODS);
        if (refused != null) {
            return CompletableFuture.completedFuture(refused);
        }
        if (request.method().equals("GET")) {
            return CompletableFuture.completedFuture(withCluster(read(request)));
        }
        return requesters.ifRoot(request, who -> change(request).thenApply(this::withCluster));
    }

    private HttpAnswer withCluster(HttpAnswer answer) {
        return Replies.withCluster(answer, cluster.identity().clusterId());
    }

    private HttpAnswer read(HttpRequest request) {
        switch (Replies.below(MEMBERS, request.path())) {
            case "" -> {
                return Replies.value(
                        200,
                        cluster.view().members().stream()
                                .map(MemberPages::json)
                                .collect(Collectors.joining(",", "{\"members\":[", "]}")));
            }
            case "leader" -> {
                Member member = cluster.view().member(leader.getAsLong());
                return member == null ? Replies.refusal(503, "During election") : Replies.value(200, json(member));
            }
            default -> {
                return Replies.refusal(404, "Not found");
            }
        }
    }

    private CompletionStage<HttpAnswer> change(HttpRequest request) {
        CompletableFuture<HttpAnswer> answer = new CompletableFuture<>();
        if (request.method().equals("POST")) {
            add(request, answer);
            return answer;
        }
        String text = Replies.below(MEMBERS, request.path());
        if (text.isEmpty()) {
            answer.complete(HttpAnswer.plain(405, "Method Not Allowed\n"));
            return answer;
        }
        if (!ID.matcher(text).matches()) {
            answer.complete(Replies.refusal(404, "No such member: " + text));
            return answer;
        }
        long id = Long.parseUnsignedLong(text, 16);
        if (request.method().equals("DELETE")) {
            reconfiguration.remove(id, new Change(id, answer));
        } else {
            List<String> urls = peerUrls(request, answer);
            if (urls != null) {
                reconfiguration.update(id, urls, new Change(id, answer));
            }
        }
        return answer;
    }

    private void add(HttpRequest request, CompletableFuture<HttpAnswer> answer) {
        List<String> urls = peerUrls(request, answer);
        if (urls == null) {
            return;
        }
        reconfiguration.add(urls, false, new Completion<>() {
            @Override
            public void complete(Reconfiguration.Added added) {
                answer.complete(Replies.value(201, json(added.member())));
            }

            @Override
            public void fail(EtcdError error) {
                answer.complete(
                        switch (error) {
                            case MEMBER_EXISTS -> Replies.refusal(409, "membership: ID exists");
                            case PEER_URL_EXISTS -> Replies.refusal(409, "membership: peerURL exists");
                            default -> Replies.internalError(error);
                        });
            }
        });
    }

    /** The URLs in order; null when the request is answered already, because it has none. */
    private static @Nullable List<String> peerUrls(HttpRequest request, CompletableFuture<HttpAnswer> answer) {
        HttpAnswer refused = Replies.refuseContentType(request);
        if (refused != null) {
            answer.complete(refused);
            return null;
        }
        try {
            List<String> given = JsonBody.parse(Replies.body(request), BODY).texts("peerURLs");
            if (given == null || given.isEmpty()) {
                throw new ConfigException("no valid URLs given");
            }
            List<String> urls = new ArrayList<>(given.size());
            for (String url : given) {
                urls.add(EtcdUrl.parse(url).text());
            }
            Collections.sort(urls);
            return urls;
        } catch (ConfigException e) {
            answer.complete(Replies.refusal(400, String.valueOf(e.getMessage())));
            return null;
        }
    }

    /** A removal or an update. */
    private final class Change implements Completion<Cluster.View> {
        private final long id;
        private final CompletableFuture<HttpAnswer> answer;

        Change(long id, CompletableFuture<HttpAnswer> answer) {
            this.id = id;
            this.answer = answer;
        }

        @Override
        public void complete(Cluster.View members) {
            answer.complete(HttpAnswer.empty(204));
        }

        @Override
        public void fail(EtcdError error) {
            boolean removed = cluster.view().removed().contains(id);
            String hex = Identity.hex(id);
            answer.complete(
                    switch (error) {
                        case PEER_URL_EXISTS -> Replies.refusal(409, "membership: peerURL exists");
                        case MEMBER_NOT_FOUND ->
                            removed
                                    ? Replies.refusal(410, "Member permanently removed: " + hex)
                                    : Replies.refusal(404, "No such member: " + hex);
                        default -> Replies.internalError(error);
                    });
        }
    }

    private static String json(Member member) {
        return "{\"id\":" + Json.quote(Identity.hex(member.id())) + ",\"name\":" + Json.quote(member.name())
                + ",\"peerURLs\":" + texts(member.peerUrls()) + ",\"clientURLs\":" + texts(member.clientUrls()) + "}";
    }

    private static String texts(List<String> texts) {
        return texts.stream().map(Json::quote).collect(Collectors.joining(",", "[", "]"));
    }
}
