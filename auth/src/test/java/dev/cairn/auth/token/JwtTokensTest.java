package dev.cairn.auth.token;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.auth.AuthError;
import dev.cairn.auth.AuthException;
import dev.cairn.auth.Identity;
import java.io.IOException;
import java.io.InputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
class JwtTokensTest {
    private static final byte[] SECRET = "short secret".getBytes(UTF_8);
    private static final long TTL = 600;

    /** When the first of the tokens of etcd ran out; the others did so within seconds. */
    private static final long EXPIRED = 1795229266;

    record Golden(JwtAlgorithm algorithm, String token, String publicKey, String privateKey) {
        JwtTokens tokens() throws GeneralSecurityException {
            if (algorithm == JwtAlgorithm.HS256) {
                return JwtTokens.ofSecret(algorithm, SECRET, TTL);
            }
            KeyFactory factory = KeyFactory.getInstance(
                    switch (algorithm.family) {
                        case EC -> "EC";
                        case ED25519 -> "Ed25519";
                        default -> "RSA";
                    });
            Base64.Decoder base64 = Base64.getDecoder();
            PrivateKey signing = factory.generatePrivate(new PKCS8EncodedKeySpec(base64.decode(privateKey)));
            PublicKey verifying = factory.generatePublic(new X509EncodedKeySpec(base64.decode(publicKey)));
            return JwtTokens.ofKeys(algorithm, signing, verifying, TTL);
        }

        @Override
        public String toString() {
            return algorithm.joseName();
        }
    }

    static Stream<Golden> tokensOfEtcd() throws IOException {
        try (InputStream file = JwtTokensTest.class.getResourceAsStream("etcd-tokens.txt")) {
            List<String> lines = new String(Objects.requireNonNull(file).readAllBytes(), UTF_8)
                    .lines()
                    .toList();
            return lines.stream().filter(line -> !line.startsWith("#")).map(line -> {
                String[] fields = line.split(" ", -1);
                JwtAlgorithm algorithm = Objects.requireNonNull(JwtAlgorithm.of(fields[0]));
                return new Golden(algorithm, fields[1], fields[2], fields[3]);
            });
        }
    }

    @ParameterizedTest
    @MethodSource("tokensOfEtcd")
    void shouldBelieveTokenOfEtcd(Golden golden) throws GeneralSecurityException {
        JwtTokens tokens = golden.tokens();
        assertThat(tokens.identityOf(golden.token, EXPIRED - 1)).isEqualTo(new Identity("root", 3));
        assertThat(tokens.identityOf(golden.token, EXPIRED + 60)).isNull();
    }

    @ParameterizedTest
    @MethodSource("tokensOfEtcd")
    void shouldMakeTokenOfEtcd(Golden golden) throws Exception {
        JwtTokens tokens = golden.tokens();
        String payload = new String(Base64.getUrlDecoder().decode(golden.token.split("\\.", -1)[1]), UTF_8);
        long expires = Long.parseLong(payload.replaceAll(".*\"exp\":(\\d+).*", "$1"));
        String token = tokens.assign(new Identity("root", 3), expires - TTL);
        boolean deterministic = switch (golden.algorithm.family) {
            case HMAC, RSA, ED25519 -> true;
            case RSA_PSS, EC -> false;
        };
        if (deterministic) {
            assertThat(token).isEqualTo(golden.token);
        } else {
            int signature = golden.token.lastIndexOf('.');
            assertThat(token).startsWith(golden.token.substring(0, signature)).hasSameSizeAs(golden.token);
        }
        assertThat(tokens.identityOf(token, expires - 1)).isEqualTo(new Identity("root", 3));
        assertThat(tokens.identityOf(token, expires)).isNull();
    }

    @ParameterizedTest
    @MethodSource("tokensOfEtcd")
    void shouldRefuseTokenThatWasChangedAnywhere(Golden golden) throws GeneralSecurityException {
        JwtTokens tokens = golden.tokens();
        for (int i = 0; i < golden.token.length(); i += 7) {
            char[] changed = golden.token.toCharArray();
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            String token = new String(changed);
            // The last letter of a part may hold bits that mean nothing.
            boolean last = i + 1 == golden.token.length() || golden.token.charAt(i + 1) == '.';
            if (!last && !token.equals(golden.token)) {
                assertThat(tokens.identityOf(token, EXPIRED - 1))
                        .as("changed at %d", i)
                        .isNull();
            }
        }
        assertThat(tokens.identityOf(golden.token.substring(0, golden.token.length() / 2), EXPIRED - 1))
                .isNull();
    }

    @ParameterizedTest
    @EnumSource(
            value = JwtAlgorithm.class,
            names = {"HS256", "HS384", "HS512"})
    void shouldSignWithSecret(JwtAlgorithm algorithm) throws AuthException {
        JwtTokens tokens = JwtTokens.ofSecret(algorithm, SECRET, TTL);
        String token = tokens.assign(new Identity("alice", 7), 1000);
        assertThat(tokens.identityOf(token, 1599)).isEqualTo(new Identity("alice", 7));
        assertThat(tokens.identityOf(token, 1600)).isNull();
        assertThat(JwtTokens.ofSecret(algorithm, new byte[] {1}, TTL).identityOf(token, 1000))
                .isNull();
    }

    @Test
    void shouldBelieveConfiguredAlgorithmOnly() throws Exception {
        JwtTokens tokens = JwtTokens.ofSecret(JwtAlgorithm.HS256, SECRET, TTL);
        String other = JwtTokens.ofSecret(JwtAlgorithm.HS512, SECRET, TTL).assign(new Identity("root", 1), 1000);
        assertThat(tokens.identityOf(other, 1000)).isNull();
        String none = encode("{\"alg\":\"none\"}") + "." + encode("{\"username\":\"root\",\"revision\":1}") + ".";
        assertThat(tokens.identityOf(none, 1000)).isNull();
        for (String garbage : List.of("", ".", "..", "a.b.c", "sDoznUZoYpLqFxEI.106", "\u0000", "a".repeat(100_000))) {
            assertThat(tokens.identityOf(garbage, 1000)).isNull();
        }
        // A public key is no secret to sign with.
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        PublicKey publicKey = generator.generateKeyPair().getPublic();
        String confused = JwtTokens.ofSecret(JwtAlgorithm.HS256, publicKey.getEncoded(), TTL)
                .assign(new Identity("root", 1), 1000);
        assertThat(JwtTokens.ofKeys(JwtAlgorithm.RS256, null, publicKey, TTL).identityOf(confused, 1000))
                .isNull();
    }

    /** Operators may sign tokens elsewhere, with claims that etcd itself never writes. */
    @Test
    void shouldHeedClaimsOfOtherSigners() throws Exception {
        assertThat(identityOf("{'username':'u','revision':7}")).isEqualTo(new Identity("u", 7));
        assertThat(identityOf("{'username':'u','revision':7,'iss':'x','nbf':1000}"))
                .isEqualTo(new Identity("u", 7));
        assertThat(identityOf("{'username':'u','revision':7,'nbf':1001}")).isNull();
        assertThat(identityOf("{'username':'u','revision':7,'exp':1001}")).isEqualTo(new Identity("u", 7));
        assertThat(identityOf("{'username':'u','revision':7,'exp':1000}")).isNull();
        assertThat(identityOf("{'username':'u','revision':7,'exp':'never'}")).isNull();
        assertThat(identityOf("{'username':'u','revision':'7'}")).isNull();
        assertThat(identityOf("{'username':3,'revision':7}")).isNull();
        assertThat(identityOf("{'revision':7}")).isNull();
        assertThat(identityOf("{}")).isNull();
        assertThat(identityOf("[]")).isNull();
        assertThat(identityOf("username")).isNull();
    }

    /** What second 1000 makes of a token with this payload. */
    private static @Nullable Identity identityOf(String payload) throws GeneralSecurityException {
        String input = encode("{\"alg\":\"HS256\"}") + "." + encode(payload.replace('\'', '"'));
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(SECRET, "HmacSHA256"));
        String signature = Base64.getUrlEncoder().withoutPadding().encodeToString(mac.doFinal(input.getBytes(UTF_8)));
        return JwtTokens.ofSecret(JwtAlgorithm.HS256, SECRET, TTL).identityOf(input + "." + signature, 1000);
    }

    private static String encode(String json) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(json.getBytes(UTF_8));
    }

    @Test
    void shouldNotSignWithPublicKey() throws Exception {
        Golden golden = tokensOfEtcd().toList().get(0);
        PublicKey key = KeyFactory.getInstance("RSA")
                .generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(golden.publicKey)));
        JwtTokens tokens = JwtTokens.ofKeys(JwtAlgorithm.RS256, null, key, TTL);
        assertThat(tokens.identityOf(golden.token, EXPIRED - 1)).isEqualTo(new Identity("root", 3));
        assertThatThrownBy(() -> tokens.assign(new Identity("root", 3), 0))
                .isInstanceOfSatisfying(
                        AuthException.class, e -> assertThat(e.error()).isEqualTo(AuthError.TOKEN_VERIFY_ONLY));
        assertThatThrownBy(() -> JwtTokens.ofKeys(JwtAlgorithm.ES256, null, key, TTL))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> JwtTokens.ofSecret(JwtAlgorithm.RS256, SECRET, TTL))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
