package dev.cairn.server.v2.admin;

import com.google.protobuf.ByteString;
import dev.cairn.auth.AuthException;
import dev.cairn.auth.AuthSnapshot;
import dev.cairn.auth.AuthStore;
import dev.cairn.auth.Identity;
import dev.cairn.auth.password.PasswordVerifier;
import dev.cairn.server.access.Access;
import dev.cairn.server.access.Credentials;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpConnection;
import dev.cairn.server.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says who makes a request of the v2 API, and what they may do: by Basic authentication against the passwords of v3's users, or by the
 * certificate of the connection where that counts for v3 too. Thread-safe; never blocks.
 */
public final class Requesters {
    private static final Logger LOG = LoggerFactory.getLogger(Requesters.class);
    private static final String BASIC = "basic ";

    private static final String KEYS = "/v2/keys";

    private final AuthStore store;
    private final Access access;
    private final PasswordVerifier verifier;
    private final PathPermissions permissions;

    public Requesters(AuthStore store, Access access, PasswordVerifier verifier) {
        this.store = store;
        this.access = access;
        this.verifier = verifier;
        this.permissions = new PathPermissions(AdminPages.KEY_PREFIX);
    }

    private record NameAndPassword(String name, String password) {}

    /** Who makes the request. Completes exceptionally when there is too much to do to find out. */
    public CompletionStage<Requester> identify(HttpRequest request) {
        AuthSnapshot now = store.snapshot();
        if (!now.isEnabled()) {
            return CompletableFuture.completedFuture(new Requester(Requester.Kind.ANYBODY, Identity.NONE));
        }
        String header = request.header("authorization");
        if (header == null || header.isEmpty()) {
            return byCertificate(request, now);
        }
        NameAndPassword given = decode(header);
        if (given == null) {
            LOG.atWarn().log("malformed basic auth encoding");
            return CompletableFuture.completedFuture(impostor());
        }
        ByteString stored;
        try {
            stored = now.passwordOf(given.name());
        } catch (AuthException e) {
            return CompletableFuture.completedFuture(impostor());
        }
        return verifier.verify(stored, given.password(), now.revision()).thenApply(right -> {
            if (right) {
                return new Requester(Requester.Kind.USER, new Identity(given.name(), now.revision()));
            }
            LOG.atWarn()
                    .setMessage("incorrect password")
                    .addKeyValue("user-name", given.name())
                    .log();
            return impostor();
        });
    }

    private static Requester impostor() {
        return new Requester(Requester.Kind.IMPOSTOR, Identity.NONE);
    }

    private CompletionStage<Requester> byCertificate(HttpRequest request, AuthSnapshot now) {
        Requester guest = new Requester(Requester.Kind.GUEST, new Identity("", now.revision()));
        HttpConnection connection = request.connection();
        if (connection == null) {
            return CompletableFuture.completedFuture(guest);
        }
        CompletableFuture<Requester> found = new CompletableFuture<>();
        access.identify(new Credentials(null, connection.session(), connection.eventLoop()), new Completion<>() {
            @Override
            public void complete(Identity who) {
                boolean known = !who.username().isEmpty() && now.userNames().contains(who.username());
                found.complete(known ? new Requester(Requester.Kind.USER, who) : guest);
            }

            @Override
            public void fail(EtcdError error) {
                found.complete(impostor());
            }
        });
        return found;
    }

    private static @Nullable NameAndPassword decode(String header) {
        if (!header.toLowerCase(Locale.ROOT).startsWith(BASIC)) {
            return null;
        }
        String decoded;
        try {
            decoded = new String(Base64.getDecoder().decode(header.substring(BASIC.length())), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return null;
        }
        int colon = decoded.indexOf(':');
        return colon < 0 ? null : new NameAndPassword(decoded.substring(0, colon), decoded.substring(colon + 1));
    }

    /** Does the work if a user with role root asks for it, or nothing is checked; otherwise the answer says that credentials are missing. */
    CompletionStage<HttpAnswer> ifRoot(HttpRequest request, Function<Requester, CompletionStage<HttpAnswer>> work) {
        return identify(request)
                .thenCompose(who ->
                        isRoot(who) ? work.apply(who) : CompletableFuture.completedFuture(Replies.noCredentials()))
                .exceptionally(failure -> {
                    LOG.atWarn()
                            .setMessage("v2 request failed")
                            .addKeyValue("path", request.path())
                            .setCause(failure)
                            .log();
                    return Replies.refusal(503, EtcdError.TOO_MANY_REQUESTS.message());
                });
    }

    private boolean isRoot(Requester who) {
        return switch (who.kind()) {
            case ANYBODY -> true;
            case GUEST, IMPOSTOR -> false;
            case USER -> rolesOf(who, store.snapshot()).contains(AuthSnapshot.ROOT);
        };
    }

    /**
     * Whether a request for keys may be served. As etcd 3.4 judges: by the path as it was sent, a slash at its end included.
     *
     * @param recursive whether everything below the path is touched as well
     */
    public CompletionStage<Boolean> permits(HttpRequest request, boolean recursive) {
        String path = request.path().startsWith(KEYS) ? request.path().substring(KEYS.length()) : request.path();
        boolean write = !request.method().equals("GET") && !request.method().equals("HEAD");
        return identify(request)
                .thenApply(who -> mayAccess(who, path, write, recursive))
                .exceptionally(failure -> false);
    }

    /**
     * Whether a path may be read or written by a requester. What was judged holds for the auth revision in the requester's identity: an entry
     * proposed in root's name with that revision is refused when users or roles have changed before it is applied.
     *
     * @param recursive whether everything below it is touched as well
     */
    public boolean mayAccess(Requester who, String path, boolean write, boolean recursive) {
        AuthSnapshot now = store.snapshot();
        if (!now.isEnabled()) {
            return true;
        }
        return switch (who.kind()) {
            case ANYBODY, IMPOSTOR -> false;
            case GUEST -> allows(now, AuthView.GUEST, path, write, recursive);
            case USER -> {
                List<String> roles = rolesOf(who, now);
                yield roles.contains(AuthSnapshot.ROOT)
                        || roles.stream().anyMatch(role -> allows(now, role, path, write, recursive));
            }
        };
    }

    private boolean allows(AuthSnapshot now, String role, String path, boolean write, boolean recursive) {
        try {
            return permissions.pathsOf(now.permissionsOf(role)).allows(path, write, recursive);
        } catch (AuthException e) {
            return false;
        }
    }

    private static List<String> rolesOf(Requester who, AuthSnapshot now) {
        try {
            return now.rolesOf(who.identity().username());
        } catch (AuthException e) {
            return List.of();
        }
    }
}
