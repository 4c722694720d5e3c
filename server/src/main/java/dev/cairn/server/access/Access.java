package dev.cairn.server.access;

import com.google.protobuf.Message;
import dev.cairn.auth.AuthError;
import dev.cairn.auth.AuthSnapshot;
import dev.cairn.auth.AuthStore;
import dev.cairn.auth.Identity;
import dev.cairn.auth.Operation;
import dev.cairn.auth.RequestAuthorizer;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.server.api.AttachedKeys;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.digest.Digests;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says who makes a call and whether they may. Thread-safe; never blocks. With authentication off everybody is
 * {@link Identity#NONE} and may do everything, for the price of one volatile read.
 *
 * <p>The outcome comes at once on the asking thread, with two exceptions, in which it comes on the executor of the credentials. A token that was made by an
 * entry which this member has yet to apply is known when it has; when that takes too long, the outcome is INVALID_AUTH_TOKEN. And what is judged by the keys
 * on a lease waits until these are known after a start.
 */
public final class Access {
    private static final Logger LOG = LoggerFactory.getLogger(Access.class);

    /** As many letters of a token's digest as etcd shows in its log. */
    private static final int FINGERPRINT_LETTERS = 12;

    private final AuthStore store;
    private final TokenProvider tokens;
    private final RequestAuthorizer authorizer;
    private final MemberStatus status;
    private final AppliedWaits waits;
    private final AttachedKeys attachedKeys;
    private final boolean namedByCertificate;

    /** @param namedByCertificate whether the common name of a client's certificate says who it is */
    public Access(
            AuthStore store,
            TokenProvider tokens,
            RequestAuthorizer authorizer,
            MemberStatus status,
            AppliedWaits waits,
            AttachedKeys attachedKeys,
            boolean namedByCertificate) {
        this.store = store;
        this.tokens = tokens;
        this.authorizer = authorizer;
        this.status = status;
        this.waits = waits;
        this.attachedKeys = attachedKeys;
        this.namedByCertificate = namedByCertificate;
    }

    /** Whether anything is checked. */
    public boolean isOn() {
        return store.snapshot().isEnabled();
    }

    /** The revision of users and permissions: it moves with each change of them. */
    public long revision() {
        return store.snapshot().revision();
    }

    /** Who makes the call: NONE when nobody in particular does. Fails with INVALID_AUTH_TOKEN or TOO_MANY_REQUESTS. */
    public void identify(Credentials caller, Completion<Identity> then) {
        AuthSnapshot now = store.snapshot();
        if (!now.isEnabled()) {
            then.complete(Identity.NONE);
            return;
        }
        String token = caller.token();
        if (token == null) {
            then.complete(ofCertificate(caller, now));
            return;
        }
        // Read before the tokens are looked at: they are assigned before the index is published.
        long appliedIndex = status.appliedIndex();
        long nowNanos = System.nanoTime();
        Identity who = tokens.identityOf(token, now.revision(), nowNanos);
        if (who != null) {
            then.complete(who);
        } else if (tokens.indexOf(token) > appliedIndex) {
            awaitToken(caller, token, nowNanos, then);
        } else {
            refuse(token, then);
        }
    }

    /** Who makes the call, if they may; otherwise fails with the reason, or as {@link #identify} does. */
    public void check(Operation operation, Message request, Credentials caller, Completion<Identity> then) {
        judge(caller, who -> authorizer.onServe(store.snapshot(), who, operation, request), then);
    }

    /** The same for a transaction that only reads. */
    public void checkReadOnly(TxnRequest request, Credentials caller, Completion<Identity> then) {
        judge(caller, who -> authorizer.onReadOnlyTxn(store.snapshot(), who, request), then);
    }

    /** Whether users or permissions have changed since the identity was established: what was read since must not go out. */
    public boolean isStale(Identity who) {
        return who.revision() != 0 && who.revision() != store.snapshot().revision();
    }

    private void judge(
            Credentials caller, Function<Identity, @Nullable AuthError> judgement, Completion<Identity> then) {
        if (!isOn()) {
            then.complete(Identity.NONE);
            return;
        }
        identify(caller, new Completion<>() {
            @Override
            public void complete(Identity who) {
                AuthError refusal = judgement.apply(who);
                if (refusal == null) {
                    then.complete(who);
                } else if (refusal == AuthError.LEASE_KEYS_UNKNOWN) {
                    awaitKeys(caller, judgement, then);
                } else {
                    then.fail(EtcdError.of(refusal));
                }
            }

            @Override
            public void fail(EtcdError error) {
                then.fail(error);
            }
        });
    }

    private void awaitKeys(
            Credentials caller, Function<Identity, @Nullable AuthError> judgement, Completion<Identity> then) {
        attachedKeys.await(caller.executor(), new Completion<>() {
            @Override
            public void complete(Boolean known) {
                judge(caller, judgement, then);
            }

            @Override
            public void fail(EtcdError error) {
                then.fail(error);
            }
        });
    }

    private Identity ofCertificate(Credentials caller, AuthSnapshot now) {
        if (!namedByCertificate || caller.session() == null) {
            return Identity.NONE;
        }
        String name = CertificateNames.commonName(caller.session());
        return name == null ? Identity.NONE : new Identity(name, now.revision());
    }

    private void awaitToken(Credentials caller, String token, long nowNanos, Completion<Identity> then) {
        boolean waiting = waits.await(
                tokens.indexOf(token),
                nowNanos,
                applied -> caller.executor().execute(() -> {
                    if (applied) {
                        identify(caller, then);
                    } else {
                        refuse(token, then);
                    }
                }));
        if (!waiting) {
            then.fail(EtcdError.TOO_MANY_REQUESTS);
        }
    }

    private static void refuse(String token, Completion<Identity> then) {
        LOG.atWarn()
                .setMessage("invalid auth token")
                .addKeyValue("token-fingerprint", () -> fingerprint(token))
                .log();
        then.fail(EtcdError.INVALID_AUTH_TOKEN);
    }

    /** What the log may show of a token. */
    private static String fingerprint(String token) {
        byte[] digest = Digests.sha256().digest(token.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest).substring(0, FINGERPRINT_LETTERS);
    }
}
