package dev.cairn.server.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.auth.AuthError;
import dev.cairn.auth.AuthException;
import dev.cairn.auth.Identity;
import dev.cairn.server.KeyFiles;
import dev.cairn.server.api.StartException;
import dev.cairn.server.config.CommandLine;
import dev.cairn.server.config.Outcome;
import dev.cairn.server.config.ServerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenProvidersTest {
    private static final Identity ALICE = new Identity("alice", 7);

    @TempDir
    private Path directory;

    private static TokenProvider open(String option) throws StartException {
        Outcome outcome = CommandLine.read(List.of("--auth-token=" + option), Map.of());
        ServerConfig config = ((Outcome.Start) outcome).config();
        return TokenProviders.open(config, new SecureRandom());
    }

    private Path file(String name, byte[] encoded) throws IOException {
        return KeyFiles.write(directory, name, encoded);
    }

    private static void assertRefused(String option, String... texts) {
        assertThatThrownBy(() -> open(option))
                .as(option)
                .isInstanceOf(StartException.class)
                .hasMessageContainingAll(texts);
    }

    private static KeyPair keys(String method) throws GeneralSecurityException {
        return switch (method) {
            case "ES256" -> KeyFiles.ec("secp256r1");
            case "ES384" -> KeyFiles.ec("secp384r1");
            case "ES512" -> KeyFiles.ec("secp521r1");
            case "EdDSA" -> KeyFiles.ed25519();
            default -> KeyFiles.rsa();
        };
    }

    private static void assertSigns(TokenProvider signer, TokenProvider verifier) throws AuthException {
        String token = signer.finish(signer.assign(signer.draw(), 1, "alice", 0), "alice", 7);
        assertThat(verifier.identityOf(token, 9, 0)).isEqualTo(ALICE);
        assertThat(verifier.identityOf(token + "x", 9, 0)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
    void shouldSignWithPrivateKeyAndVerifyWithPublicOne(String method) throws Exception {
        KeyPair keys = keys(method);
        Path privateKey = file("private", keys.getPrivate().getEncoded());
        Path publicKey = file("public", keys.getPublic().getEncoded());
        String jwt = "jwt,sign-method=" + method;
        TokenProvider both = open(jwt + ",priv-key=" + privateKey + ",pub-key=" + publicKey + ",ttl=10m");
        TokenProvider signer = open(jwt + ",priv-key=" + privateKey);
        TokenProvider verifier = open(jwt + ",pub-key=" + publicKey);
        assertSigns(both, verifier);
        assertSigns(signer, verifier);
        assertSigns(both, signer);
        assertThatThrownBy(() -> verifier.finish("", "alice", 7))
                .isInstanceOfSatisfying(
                        AuthException.class, e -> assertThat(e.error()).isEqualTo(AuthError.TOKEN_VERIFY_ONLY));
        Path other = file("other", keys(method).getPublic().getEncoded());
        assertThat(open(jwt + ",pub-key=" + other).identityOf(signer.finish("", "alice", 7), 9, 0))
                .isNull();
        assertRefused(
                jwt + ",priv-key=" + privateKey + ",pub-key=" + other,
                "auth: public and private keys don't match",
                other.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"HS256", "HS384", "HS512"})
    void shouldSignWithSecret(String method) throws Exception {
        Path secret = Files.writeString(directory.resolve("secret"), "short");
        String option = "jwt,sign-method=" + method + ",priv-key=" + secret;
        assertSigns(open(option), open(option));
        assertRefused("jwt,sign-method=" + method, "auth: missing key data");
    }

    @Test
    void shouldReadOlderEncodings() throws Exception {
        KeyPair rsa = KeyFiles.rsa();
        Path rsaPrivate = file(
                "pkcs1",
                PrivateKeyInfo.getInstance(rsa.getPrivate().getEncoded())
                        .parsePrivateKey()
                        .toASN1Primitive()
                        .getEncoded());
        Path rsaPublic = file(
                "pkcs1-public",
                SubjectPublicKeyInfo.getInstance(rsa.getPublic().getEncoded())
                        .parsePublicKey()
                        .toASN1Primitive()
                        .getEncoded());
        assertSigns(
                open("jwt,sign-method=RS256,priv-key=" + rsaPrivate),
                open("jwt,sign-method=RS256,pub-key=" + rsaPublic));

        KeyPair ec = KeyFiles.ec("secp384r1");
        PrivateKeyInfo info = PrivateKeyInfo.getInstance(ec.getPrivate().getEncoded());
        ECPrivateKey inner = ECPrivateKey.getInstance(info.parsePrivateKey());
        Path sec1 = file(
                "sec1",
                new ECPrivateKey(
                                384,
                                inner.getKey(),
                                info.getPrivateKeyAlgorithm().getParameters())
                        .getEncoded());
        Path ecPublic = file("ec-public", ec.getPublic().getEncoded());
        assertSigns(open("jwt,sign-method=ES384,priv-key=" + sec1), open("jwt,sign-method=ES384,pub-key=" + ecPublic));
    }

    @Test
    void shouldSayWhatIsWrong() throws Exception {
        String invalid = "auth: invalid auth options";
        assertRefused("foo", invalid, "foo");
        assertRefused("simple,x", invalid, "\"x\"");
        assertRefused("jwt", invalid, "auth: invalid auth signature method");
        assertRefused("jwt,sign-method=XX", invalid, "XX");
        assertRefused("jwt,sign-method=eddsa", invalid, "eddsa");
        assertRefused("jwt,sign-method=RS256", "auth: missing key data");
        assertRefused("jwt,sign-method=RS256,ttl=xx", invalid, "time: invalid duration \"xx\"");
        assertRefused("jwt,sign-method=RS256,ttl=0s", invalid, "0s");
        assertRefused("jwt,sign-method=RS256,ttl", invalid, "ttl");
        assertRefused("jwt,ttl=1s,ttl=2s", invalid, "ttl=2s");
        Path missing = directory.resolve("missing");
        assertRefused(
                "jwt,sign-method=RS256,priv-key=" + missing,
                invalid,
                "open " + missing + ": no such file or directory");
        Path garbage = Files.writeString(directory.resolve("garbage"), "garbage");
        Path ec = file("ec", KeyFiles.ec("secp256r1").getPrivate().getEncoded());
        for (Path file : new Path[] {garbage, ec, file("empty", new byte[0])}) {
            assertRefused(
                    "jwt,sign-method=RS256,priv-key=" + file,
                    "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key",
                    file.toString());
        }
        assertRefused("jwt,sign-method=EdDSA,pub-key=" + ec, "Ed25519", ec.toString());
        assertRefused("jwt,sign-method=ES384,priv-key=" + ec, "384", "256");
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(1024);
        Path small = file("small", generator.generateKeyPair().getPrivate().getEncoded());
        assertRefused("jwt,sign-method=PS512,priv-key=" + small, "PS512", small.toString());
    }

    @Test
    void shouldGiveOutNoTokensWhereNoneAreWanted() throws Exception {
        TokenProvider none = open("");
        assertThat(none.identityOf("abc.1", 7, 0)).isNull();
        assertThatThrownBy(() -> none.finish("", "alice", 7))
                .isInstanceOfSatisfying(
                        AuthException.class, e -> assertThat(e.error()).isEqualTo(AuthError.AUTHENTICATION_FAILED));
    }
}
