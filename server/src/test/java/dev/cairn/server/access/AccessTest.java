package dev.cairn.server.access;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.cairn.auth.AuthException;
import dev.cairn.auth.AuthStore;
import dev.cairn.auth.Identity;
import dev.cairn.auth.LeaseKeys;
import dev.cairn.auth.Operation;
import dev.cairn.auth.RequestAuthorizer;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.AuthUserAddRequest;
import dev.cairn.proto.etcdserverpb.AuthUserGrantRoleRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveRequest;
import dev.cairn.server.api.AttachedKeys;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import java.io.ByteArrayInputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AccessTest {
    private static final long TTL_SECONDS = 300;

    /** {@code O=Cairn, CN=first, CN=alice}, signed by itself, good for a hundred years. */
    private static final String ALICE = """
            -----BEGIN CERTIFICATE-----
            MIIBtzCCAV2gAwIBAgIUXj1g9Kzp9lwc8Z/9AZFCNKkU0xMwCgYIKoZIzj0EAwIw
            MDEOMAwGA1UECgwFQ2Fpcm4xDjAMBgNVBAMMBWZpcnN0MQ4wDAYDVQQDDAVhbGlj
            ZTAgFw0yNjExMjExNTA5MDNaGA8yMTI2MTAyODE1MDkwM1owMDEOMAwGA1UECgwF
            Q2Fpcm4xDjAMBgNVBAMMBWZpcnN0MQ4wDAYDVQQDDAVhbGljZTBZMBMGByqGSM49
            AgEGCCqGSM49AwEHA0IABIfVpDMs39QKUzITNoy/pwzzrAo39HVGjC1jI8sc5XOO
            WN3vAArH7XAwQA8cH/qoI85U35RcH08Km60pA0oBNCqjUzBRMB0GA1UdDgQWBBST
            /r1qnirDkoKyhycg2xOEhCzT0zAfBgNVHSMEGDAWgBST/r1qnirDkoKyhycg2xOE
            hCzT0zAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQCvhEOU/amx
            8UZEhnH/BMmZrGFCD5hGMYTZWDjxyBN0FQIgSZSQyL0Ys99w3qd2E6LI9c1fWx1C
            oz121f4nT2KAXyo=
            -----END CERTIFICATE-----
            """;

    /** {@code O=nobody}. */
    private static final String NAMELESS = """
            -----BEGIN CERTIFICATE-----
            MIIBeDCCAR+gAwIBAgIUXCn4ivlcxB4EJZuv92PFaETW42UwCgYIKoZIzj0EAwIw
            ETEPMA0GA1UECgwGbm9ib2R5MCAXDTI2MTEyMTE1MDkwM1oYDzIxMjYxMDI4MTUw
            OTAzWjARMQ8wDQYDVQQKDAZub2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
            AARNvSGBh9fNQYWWsRPzsWxVqCLIWUcGYgkYCHoaND/v5T+cP2rqmGMaZoNnSMop
            76WStnq9606tam4ObJiUtDT+o1MwUTAdBgNVHQ4EFgQUjMubQAL2PJ3zS+oOIgC7
            7AloRgkwHwYDVR0jBBgwFoAUjMubQAL2PJ3zS+oOIgC77AloRgkwDwYDVR0TAQH/
            BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiBcSvIr+7ze8nKUfHyNHGQ6fxlxJVwj
            x8TSgmmUoEqragIgbwqw3lvKhwgb9pDt3mdL/HywfjUjpoY+0caGw7mE9/U=
            -----END CERTIFICATE-----
            """;

    private final AppliedWaitsTest.AppliedAt status = new AppliedWaitsTest.AppliedAt();
    private final AppliedWaits waits = new AppliedWaits(status, 1000);
    private final SimpleTokenProvider tokens = new SimpleTokenProvider(new SecureRandom(), TTL_SECONDS);
    private final ArrayDeque<Runnable> eventLoop = new ArrayDeque<>();
    private final List<Object> outcomes = new ArrayList<>();
    private final MvccStore tables = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
    private final AuthStore users = new AuthStore(tables, ByteString::copyFromUtf8, tokens.users());
    private final List<Completion<Boolean>> keyWaits = new ArrayList<>();
    private @Nullable List<ByteString> attachedKeys = List.of();
    private final Access access = access(true);

    private Access access(boolean namedByCertificate) {
        LeaseKeys keys = new LeaseKeys() {
            @Override
            public @Nullable List<ByteString> attachedKeys(long lease) {
                return attachedKeys;
            }

            @Override
            public long[] leases() {
                return new long[0];
            }
        };
        AttachedKeys known = (executor, then) -> keyWaits.add(then);
        return new Access(users, tokens, new RequestAuthorizer(keys), status, waits, known, namedByCertificate);
    }

    @BeforeEach
    void addUsers() throws AuthException {
        for (String name : new String[] {"root", "alice"}) {
            users.addUser(AuthUserAddRequest.newBuilder().setName(name).build());
        }
        users.grantRole(AuthUserGrantRoleRequest.newBuilder()
                .setUser("root")
                .setRole("root")
                .build());
        users.enable();
        tables.applied(1, 1);
    }

    @AfterEach
    void close() {
        tables.close();
    }

    private Identity identity(String name) {
        return new Identity(name, users.snapshot().revision());
    }

    private void identify(Access asked, @Nullable String token, @Nullable SSLSession session) {
        asked.identify(new Credentials(token, session, eventLoop::add), new Completion<>() {
            @Override
            public void complete(Identity who) {
                outcomes.add(who);
            }

            @Override
            public void fail(EtcdError error) {
                outcomes.add(error);
            }
        });
    }

    private void apply(long index) {
        status.index = index;
        waits.applied(index);
    }

    private void runEventLoop() {
        while (!eventLoop.isEmpty()) {
            Objects.requireNonNull(eventLoop.poll()).run();
        }
    }

    @Test
    void shouldKnowNobodyWithoutTokenAndCertificate() {
        identify(access, null, null);
        assertThat(outcomes).containsExactly(Identity.NONE);
    }

    @Test
    void shouldWaitForEntryThatMadeTheToken() {
        status.index = 5;
        String letters = tokens.draw();
        identify(access, letters + ".7", null);
        assertThat(outcomes).isEmpty();
        apply(6);
        runEventLoop();
        assertThat(outcomes).isEmpty();
        tokens.assign(letters, 7, "alice", System.nanoTime());
        apply(7);
        assertThat(outcomes).as("the apply loop hands over").isEmpty();
        runEventLoop();
        assertThat(outcomes).containsExactly(identity("alice"));
    }

    @Test
    void shouldNotBelieveTokenWhoseEntryMadeNone() {
        status.index = 5;
        identify(access, "abcdefghijklmnop.7", null);
        apply(7);
        runEventLoop();
        assertThat(outcomes).containsExactly(EtcdError.INVALID_AUTH_TOKEN);
    }

    @Test
    void shouldNotWaitForEver() {
        identify(access, "abcdefghijklmnop.999999999999", null);
        waits.doWork(System.nanoTime() + TimeUnit.SECONDS.toNanos(1));
        runEventLoop();
        assertThat(outcomes).containsExactly(EtcdError.INVALID_AUTH_TOKEN);
    }

    private void check(Operation operation, Message request, String token) {
        access.check(operation, request, new Credentials(token, null, eventLoop::add), new Completion<>() {
            @Override
            public void complete(Identity who) {
                outcomes.add(who);
            }

            @Override
            public void fail(EtcdError error) {
                outcomes.add(error);
            }
        });
    }

    @Test
    void shouldJudgeByTheKeysOnALeaseWhenTheyAreKnown() {
        LeaseKeepAliveRequest renewal =
                LeaseKeepAliveRequest.newBuilder().setID(1).build();
        LeaseTimeToLiveRequest time =
                LeaseTimeToLiveRequest.newBuilder().setID(1).build();
        String alice = tokens.assign(tokens.draw(), 1, "alice", System.nanoTime());
        String root = tokens.assign(tokens.draw(), 2, "root", System.nanoTime());
        attachedKeys = null;
        check(Operation.LEASE_KEEP_ALIVE, renewal, root);
        check(Operation.LEASE_TIME_TO_LIVE, time, alice);
        assertThat(outcomes).as("who is not judged by them").containsExactly(identity("root"), identity("alice"));
        outcomes.clear();

        check(Operation.LEASE_KEEP_ALIVE, renewal, alice);
        assertThat(outcomes).isEmpty();
        assertThat(keyWaits).hasSize(1);
        keyWaits.remove(0).complete(true);
        assertThat(outcomes).as("unknown again by then").isEmpty();
        assertThat(keyWaits).hasSize(1);
        attachedKeys = List.of(ByteString.copyFromUtf8("not hers"));
        keyWaits.remove(0).complete(true);
        assertThat(outcomes).containsExactly(EtcdError.PERMISSION_DENIED);
        outcomes.clear();

        attachedKeys = null;
        check(Operation.LEASE_TIME_TO_LIVE, time.toBuilder().setKeys(true).build(), alice);
        keyWaits.remove(0).fail(EtcdError.STOPPED);
        assertThat(outcomes).containsExactly(EtcdError.STOPPED);
    }

    @Test
    void shouldForgetTokenThatWasUnusedForItsTime() {
        long now = System.nanoTime();
        String token = tokens.assign(tokens.draw(), 1, "alice", now);
        long ttl = TimeUnit.SECONDS.toNanos(TTL_SECONDS);
        assertThat(tokens.identityOf(token, 3, now + ttl - 1)).isEqualTo(new Identity("alice", 3));
        assertThat(tokens.identityOf(token, 4, now + 2 * ttl - 2)).isEqualTo(new Identity("alice", 4));
        assertThat(tokens.doWork(now + 3 * ttl)).isEqualTo(1);
        assertThat(tokens.identityOf(token, 4, now + 3 * ttl)).isNull();
    }

    @Test
    void shouldTakeNameFromCertificateWhereThereIsNoToken() throws CertificateException {
        SSLSession alice = session(certificate(ALICE));
        identify(access, null, alice);
        identify(access(false), null, alice);
        identify(access, null, session(certificate(NAMELESS)));
        identify(access, null, session());
        identify(access, "forged", alice);
        assertThat(outcomes)
                .containsExactly(
                        identity("alice"), Identity.NONE, identity(""), Identity.NONE, EtcdError.INVALID_AUTH_TOKEN);
    }

    @Test
    void shouldLetEverybodyDoEverythingWhenOff() {
        Identity before = identity("alice");
        users.disable();
        tables.applied(2, 1);
        identify(access, "forged", null);
        assertThat(outcomes).containsExactly(Identity.NONE);
        assertThat(access.isStale(Identity.NONE)).isFalse();
        assertThat(access.isStale(before)).isTrue();
    }

    private static Certificate certificate(String pem) throws CertificateException {
        return CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
    }

    /** A TLS session in which the client has shown these certificates. */
    private static SSLSession session(Certificate... chain) {
        return (SSLSession) Proxy.newProxyInstance(
                AccessTest.class.getClassLoader(), new Class<?>[] {SSLSession.class}, (proxy, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("getPeerCertificates");
                    if (chain.length == 0) {
                        throw new SSLPeerUnverifiedException("no certificate");
                    }
                    return chain;
                });
    }
}
