package dev.cairn.server.access;

import dev.cairn.auth.AuthException;
import dev.cairn.auth.AuthSnapshot;
import dev.cairn.auth.Identity;
import dev.cairn.auth.token.JwtAlgorithm;
import dev.cairn.auth.token.JwtTokens;
import dev.cairn.server.api.StartException;
import dev.cairn.server.config.AuthTokenSettings;
import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.ServerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.interfaces.ECPublicKey;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the provider that {@code --auth-token} asks for. Runs once, at start. */
public final class TokenProviders {
    private static final Logger LOG = LoggerFactory.getLogger(TokenProviders.class);

    private static final String INVALID_OPTIONS = "auth: invalid auth options";
    private static final String INVALID_METHOD = "auth: invalid auth signature method";
    private static final String MISSING_KEY = "auth: missing key data";
    private static final String KEY_MISMATCH = "auth: public and private keys don't match";

    private TokenProviders() {}

    /** @throws StartException when there is no such kind of token, or its keys cannot be used */
    public static TokenProvider open(ServerConfig config, SecureRandom random) throws StartException {
        try {
            AuthTokenSettings settings = config.authTokenSettings();
            return switch (settings.kind()) {
                case "simple" -> {
                    LOG.atWarn().log("simple token is not cryptographically signed");
                    yield new SimpleTokenProvider(random, config.authTokenTtlSeconds());
                }
                case "jwt" -> new JwtTokenProvider(jwt(settings));
                case "" -> none();
                default -> throw failure(INVALID_OPTIONS, "unknown token type \"" + settings.kind() + '"');
            };
        } catch (ConfigException e) {
            throw failure(INVALID_OPTIONS, e.getMessage());
        }
    }

    /** A provider that gives out no tokens and believes none. */
    public static TokenProvider none() {
        return new NoTokens();
    }

    private static JwtTokens jwt(AuthTokenSettings settings) throws StartException, ConfigException {
        Duration ttl = settings.ttl();
        if (ttl.getSeconds() < 1) {
            throw failure(INVALID_OPTIONS, "ttl " + settings.options().get("ttl") + " is less than a second");
        }
        byte[] publicPem = read(settings.publicKeyFile());
        byte[] privatePem = read(settings.privateKeyFile());
        JwtAlgorithm algorithm = byJoseName(settings.signMethod());
        if (algorithm == null) {
            throw failure(INVALID_OPTIONS, INVALID_METHOD + " \"" + settings.signMethod() + '"');
        }
        if (!settings.unknownOptions().isEmpty()) {
            LOG.atWarn()
                    .setMessage("unknown JWT options")
                    .addKeyValue("keys", settings.unknownOptions())
                    .log();
        }
        PemKeys.Kind kind = kindOf(algorithm);
        if (kind == null) {
            if (privatePem.length == 0) {
                throw failure(MISSING_KEY, "priv-key has to name the file of the secret");
            }
            return JwtTokens.ofSecret(algorithm, privatePem, ttl.getSeconds());
        }
        if (privatePem.length == 0 && publicPem.length == 0) {
            throw failure(MISSING_KEY, "priv-key, pub-key or both have to name a file");
        }
        PrivateKey privateKey = null;
        PublicKey publicKey = null;
        if (privatePem.length > 0) {
            PemKeys.Pair pair = privateKey(kind, privatePem, settings.privateKeyFile());
            privateKey = pair.privateKey();
            publicKey = pair.publicKey();
        }
        if (publicPem.length > 0) {
            PublicKey given = publicKey(kind, publicPem, settings.publicKeyFile());
            if (publicKey != null && !publicKey.equals(given)) {
                throw failure(KEY_MISMATCH, settings.publicKeyFile() + ", " + settings.privateKeyFile());
            }
            publicKey = given;
        }
        if (publicKey == null) {
            throw new IllegalStateException("one of the keys is there");
        }
        checkCurve(algorithm, publicKey);
        JwtTokens tokens = JwtTokens.ofKeys(algorithm, privateKey, publicKey, ttl.getSeconds());
        if (privateKey != null) {
            trySigning(tokens, algorithm, settings.privateKeyFile());
        }
        return tokens;
    }

    /** What a key cannot do, because it is too short for the method, shows only when it is used. */
    private static void trySigning(JwtTokens tokens, JwtAlgorithm algorithm, String file) throws StartException {
        try {
            if (tokens.identityOf(tokens.assign(new Identity(AuthSnapshot.ROOT, 1), 0), 0) != null) {
                return;
            }
        } catch (AuthException | RuntimeException e) {
            throw failure(
                    "key is invalid", file + " does not sign with " + algorithm.joseName() + ": " + e.getMessage());
        }
        throw failure("key is invalid", file + " does not verify what it has signed with " + algorithm.joseName());
    }

    /** Names are as the registry writes them, as in etcd. */
    private static @Nullable JwtAlgorithm byJoseName(String name) {
        JwtAlgorithm algorithm = JwtAlgorithm.of(name);
        return algorithm != null && algorithm.joseName().equals(name) ? algorithm : null;
    }

    /** The kind of key that an algorithm needs; null for a secret. */
    private static PemKeys.@Nullable Kind kindOf(JwtAlgorithm algorithm) {
        return switch (algorithm) {
            case HS256, HS384, HS512 -> null;
            case RS256, RS384, RS512, PS256, PS384, PS512 -> PemKeys.Kind.RSA;
            case ES256, ES384, ES512 -> PemKeys.Kind.EC;
            case EDDSA -> PemKeys.Kind.ED25519;
        };
    }

    /** Each of the algorithms with curves has one of its own; etcd starts with another and then cannot sign. */
    private static void checkCurve(JwtAlgorithm algorithm, PublicKey key) throws StartException {
        if (key instanceof ECPublicKey ec) {
            int bits = ec.getParams().getCurve().getField().getFieldSize();
            int expected = algorithm == JwtAlgorithm.ES512 ? 521 : algorithm == JwtAlgorithm.ES384 ? 384 : 256;
            if (bits != expected) {
                throw failure(
                        "key is invalid",
                        algorithm.joseName() + " needs a key of " + expected + " bits, this one has " + bits);
            }
        }
    }

    private static byte[] read(String file) throws StartException {
        if (file.isEmpty()) {
            return new byte[0];
        }
        try {
            return Files.readAllBytes(Path.of(file));
        } catch (NoSuchFileException e) {
            throw failure(INVALID_OPTIONS, "open " + file + ": no such file or directory");
        } catch (IOException | RuntimeException e) {
            throw failure(INVALID_OPTIONS, "open " + file + ": " + e);
        }
    }

    private static PemKeys.Pair privateKey(PemKeys.Kind kind, byte[] pem, String file) throws StartException {
        try {
            return PemKeys.privateKey(kind, pem);
        } catch (PemKeys.UnreadableKeyException e) {
            throw failure(e, file);
        }
    }

    private static PublicKey publicKey(PemKeys.Kind kind, byte[] pem, String file) throws StartException {
        try {
            return PemKeys.publicKey(kind, pem);
        } catch (PemKeys.UnreadableKeyException e) {
            throw failure(e, file);
        }
    }

    private static StartException failure(PemKeys.UnreadableKeyException e, String file) {
        Throwable cause = e.getCause();
        return failure(String.valueOf(e.getMessage()), file + (cause == null ? "" : ": " + cause.getMessage()));
    }

    /** etcd's own words first, then which file or part it is about, which etcd does not always tell. */
    private static StartException failure(String text, String detail) {
        LOG.atWarn()
                .setMessage("failed to create token provider")
                .addKeyValue("error", text)
                .addKeyValue("detail", detail)
                .log();
        return new StartException(text + " (--auth-token: " + detail + ")");
    }
}
