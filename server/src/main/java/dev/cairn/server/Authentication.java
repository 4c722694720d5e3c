package dev.cairn.server;

import com.google.protobuf.ByteString;
import dev.cairn.auth.AuthStore;
import dev.cairn.auth.LeaseKeys;
import dev.cairn.auth.RequestAuthorizer;
import dev.cairn.auth.password.PasswordHasher;
import dev.cairn.auth.password.PasswordVerifier;
import dev.cairn.lease.Lessor;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.server.access.Access;
import dev.cairn.server.access.AppliedWaits;
import dev.cairn.server.access.RootTokens;
import dev.cairn.server.access.TokenProvider;
import dev.cairn.server.api.AttachedKeys;
import dev.cairn.server.api.MemberStatus;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.apply.AuthApplier;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.rpc.AuthService;
import dev.cairn.server.rpc.CallerProposer;
import dev.cairn.server.rpc.Headers;
import dev.cairn.server.rpc.Logins;
import dev.cairn.server.v2.KeyAccess;
import dev.cairn.server.v2.admin.AdminPages;
import dev.cairn.server.v2.admin.Requesters;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The parts of one member that know users, and how they hang together. Built by the thread that starts the member, when the store
 * is open and before the loops run; what it hands out says itself who may use it.
 */
final class Authentication {
    /** So many users can log in again and again without being hashed again. */
    private static final int REMEMBERED_PASSWORDS_MAX = 1000;

    private final AuthStore users;
    private final TokenProvider tokens;
    private final SecureRandom random;
    private final PasswordHasher hasher;
    private final RequestAuthorizer authorizer;
    private final RequestAuthorizer applyAuthorizer;
    private final AttachedKeys attachedKeys;
    private final AppliedWaits waits;
    private final PasswordVerifier verifier;
    private final Requesters requesters;
    private final Access access;
    private final MemberStatus status;
    private final MvccStore store;
    private final Proposer proposer;

    /** Hashing takes tens of milliseconds by design; half of the cores go on with everything else. */
    private final ExecutorService passwords =
            Threads.pool("etcd-password", Math.max(1, Runtime.getRuntime().availableProcessors() / 2));

    /** Shows how much waits for hashing. */
    void show(QueueFigures figures) {
        figures.follow("etcd-password", passwords);
    }

    /**
     * @param users from {@link #restore}
     * @param proposer proposes in nobody's name
     * @param timeoutMillis how long a call may wait for its token to become known
     */
    Authentication(
            ServerConfig config,
            AuthStore users,
            TokenProvider tokens,
            SecureRandom random,
            MvccStore store,
            Lessor lessor,
            MemberStatus status,
            Proposer proposer,
            long timeoutMillis) {
        this.users = users;
        this.tokens = tokens;
        this.random = random;
        this.store = store;
        this.proposer = proposer;
        hasher = new PasswordHasher(random, config.bcryptCost());
        authorizer = new RequestAuthorizer(keysOn(lessor, () -> {}));
        // An entry cannot wait: all members have to judge it alike, and the ones behind it.
        applyAuthorizer = new RequestAuthorizer(keysOn(lessor, store::attachAll));
        attachedKeys = AttachedKeys.of(lessor);
        verifier = new PasswordVerifier(passwords, hasher, random, REMEMBERED_PASSWORDS_MAX);
        this.status = status;
        waits = new AppliedWaits(status, timeoutMillis);
        access = new Access(users, tokens, authorizer, status, waits, attachedKeys, config.clientCertAuth());
        requesters = new Requesters(users, access, verifier);
    }

    /** The users, roles and permissions that the store holds. */
    static AuthStore restore(ServerConfig config, TokenProvider tokens, SecureRandom random, MvccStore store) {
        PasswordHasher hasher = new PasswordHasher(random, config.bcryptCost());
        AuthStore users = new AuthStore(store, hasher::hash, tokens.users());
        users.restore();
        return users;
    }

    /** @param before has the keys attached, where whoever asks may do so */
    private static LeaseKeys keysOn(Lessor lessor, Runnable before) {
        return new LeaseKeys() {
            @Override
            public @Nullable List<ByteString> attachedKeys(long lease) {
                before.run();
                return lessor.attachedKeys(lease);
            }

            @Override
            public long[] leases() {
                return lessor.leases();
            }
        };
    }

    Access access() {
        return access;
    }

    /** What the v2 API needs to know of users. */
    AdminPages.Users forV2() {
        return new AdminPages.Users(users, requesters, hasher, passwords);
    }

    /** For calls that this process makes as root, behind a judgement of its own. */
    Access rootAccess() {
        return new Access(users, new RootTokens(), authorizer, status, waits, attachedKeys, false);
    }

    /** Proposes in root's name what was called with {@link #rootAccess}. */
    Proposer rootCallerProposer(Access asRoot) {
        return new CallerProposer(proposer, asRoot);
    }

    /** Who may do what with the keys of v2. */
    KeyAccess keyAccess() {
        return (request, asked) -> requesters.permits(request, asked.recursive());
    }

    /** Proposes in the name of whoever makes the call. */
    Proposer callerProposer() {
        return new CallerProposer(proposer, access);
    }

    AuthApplier applier() {
        return new AuthApplier(users, applyAuthorizer, tokens, store::currentRevision);
    }

    /** @param noted the same way into the log for calls, which leaves notes of what goes there */
    AuthService service(ReadGate reads, Headers headers, UnaryOperator<Proposer> noted) {
        Logins logins = new Logins(users, tokens, verifier, passwords, reads, noted.apply(proposer));
        return new AuthService(noted.apply(callerProposer()), logins, hasher, passwords, headers);
    }

    long revision() {
        return users.snapshot().revision();
    }

    /** An entry is applied. Apply loop. */
    void applied(long index) {
        waits.applied(index);
    }

    /** Gives up on calls that have waited too long, and forgets old tokens. One duty, every now and then. */
    int doWork(long nowNanos) {
        return waits.doWork(nowNanos) + tokens.doWork(nowNanos);
    }

    /** Takes no more passwords. */
    void close() {
        passwords.shutdown();
    }
}
