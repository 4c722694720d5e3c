package dev.cairn.server.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import dev.cairn.auth.AuthException;
import dev.cairn.auth.AuthSnapshot;
import dev.cairn.auth.AuthStore;
import dev.cairn.auth.password.PasswordVerifier;
import dev.cairn.proto.etcdserverpb.AuthenticateResponse;
import dev.cairn.proto.etcdserverpb.InternalAuthenticateRequest;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.server.access.TokenProvider;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.api.ReadGate;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From a name and a password to a token. The password is checked against what this member knows once it has seen everything that
 * was acknowledged anywhere, away from the log, which never holds it; then the token goes through the log. If users or
 * permissions have changed between the check and that entry, the password may have been among them, and all begins anew.
 *
 * <p>Thread-safe; nothing here blocks. An unknown name costs as much time as a wrong password.
 */
public final class Logins {
    private static final Logger LOG = LoggerFactory.getLogger(Logins.class);

    /** Changes cannot come between as often as this unless somebody makes them come. */
    private static final int ATTEMPTS_MAX = 10;

    private final AuthStore store;
    private final TokenProvider tokens;
    private final PasswordVerifier verifier;
    private final Executor passwords;
    private final ReadGate reads;
    private final Proposer proposer;

    /**
     * @param passwords runs what makes tokens out of keys
     * @param proposer proposes in nobody's name
     */
    public Logins(
            AuthStore store,
            TokenProvider tokens,
            PasswordVerifier verifier,
            Executor passwords,
            ReadGate reads,
            Proposer proposer) {
        this.store = store;
        this.tokens = tokens;
        this.verifier = verifier;
        this.passwords = passwords;
        this.reads = reads;
        this.proposer = proposer;
    }

    /** Completes with the answer as far as applying it has made it, and its token. */
    void login(String name, String password, Completion<AuthenticateResponse> completion) {
        new Login(name, password, completion).start();
    }

    /** One login. Its steps follow each other, on whatever thread ends the one before. */
    private final class Login {
        private final String name;
        private final String password;
        private final Completion<AuthenticateResponse> completion;
        private int attempts;

        Login(String name, String password, Completion<AuthenticateResponse> completion) {
            this.name = name;
            this.password = password;
            this.completion = completion;
        }

        void start() {
            reads.await(new Step<Long>() {
                @Override
                public void complete(Long index) {
                    check();
                }
            });
        }

        private void check() {
            if (attempts++ == ATTEMPTS_MAX) {
                completion.fail(EtcdError.AUTH_OLD_REVISION);
                return;
            }
            AuthSnapshot now = store.snapshot();
            ByteString stored;
            try {
                stored = now.passwordOf(name);
            } catch (AuthException e) {
                refuse(EtcdError.of(e.error()));
                return;
            }
            verifier.verify(stored, password, now.revision()).whenComplete((right, failure) -> {
                if (failure != null) {
                    completion.fail(EtcdError.TOO_MANY_REQUESTS);
                } else if (right) {
                    propose(now.revision());
                } else {
                    refuse(EtcdError.AUTH_FAILED);
                }
            });
        }

        private void refuse(EtcdError error) {
            if (error != EtcdError.AUTH_NOT_ENABLED) {
                LOG.atWarn()
                        .setMessage("invalid authentication was requested")
                        .addKeyValue("user", name)
                        .addKeyValue("error", error.message())
                        .log();
            }
            completion.fail(error);
        }

        private void propose(long checkedRevision) {
            InternalAuthenticateRequest request = InternalAuthenticateRequest.newBuilder()
                    .setName(name)
                    .setSimpleToken(tokens.draw())
                    .build();
            proposer.propose(InternalRaftRequest.newBuilder().setAuthenticate(request), new Step<MessageLite>() {
                @Override
                public void complete(MessageLite applied) {
                    // On the apply loop, which has better things to do than to sign.
                    try {
                        passwords.execute(() -> finish((AuthenticateResponse) applied, checkedRevision));
                    } catch (RejectedExecutionException e) {
                        completion.fail(EtcdError.TOO_MANY_REQUESTS);
                    }
                }
            });
        }

        private void finish(AuthenticateResponse applied, long checkedRevision) {
            if (store.snapshot().revision() != checkedRevision) {
                LOG.atInfo().log("revision when password checked became stale; retrying");
                check();
                return;
            }
            try {
                String token = tokens.finish(applied.getToken(), name, checkedRevision);
                completion.complete(applied.toBuilder().setToken(token).build());
            } catch (AuthException e) {
                completion.fail(EtcdError.of(e.error()));
            }
        }

        /** A step whose failure is the login's. */
        private abstract class Step<T> implements Completion<T> {
            @Override
            public void fail(EtcdError error) {
                completion.fail(error);
            }
        }
    }
}
