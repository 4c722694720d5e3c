package dev.cairn.auth.token;

import dev.cairn.auth.UserTokens;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Random tokens that every member remembers.
 *
 * <pre>
 *   sDoznUZoYpLqFxEI.106
 *   |                |
 *   16 letters       the index of the log entry that made it
 * </pre>
 *
 * <p>The letters are drawn by the member that was asked, the index is that of its proposal, so all members add the same token
 * when they apply it. It lives for a time after its last use here, however often it was used elsewhere, and is gone after a
 * restart.
 *
 * <p>Thread-safe: the apply loop assigns and invalidates, any thread resolves, one duty forgets what is too old. Bound: so many
 * tokens; beyond that the ones unused for longest go. Times are readings of one clock like {@link System#nanoTime}.
 */
public final class SimpleTokens implements UserTokens {
    static final int LETTERS = 16;

    private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    /** How much is dropped at once when there are too many, so that dropping is rare. */
    private static final int DROPPED_FRACTION = 16;

    private static final class Token {
        final String username;
        volatile long usedNanos;

        Token(String username, long usedNanos) {
            this.username = username;
            this.usedNanos = usedNanos;
        }
    }

    private final SecureRandom random;
    private final long ttlNanos;
    private final int tokensMax;
    private final ConcurrentHashMap<String, Token> tokens = new ConcurrentHashMap<>();

    public SimpleTokens(SecureRandom random, long ttlSeconds, int tokensMax) {
        if (ttlSeconds < 1) {
            throw new IllegalArgumentException("ttlSeconds: " + ttlSeconds + " (expected: >= 1)");
        }
        if (tokensMax < 1) {
            throw new IllegalArgumentException("tokensMax: " + tokensMax + " (expected: >= 1)");
        }
        this.random = random;
        this.ttlNanos = TimeUnit.SECONDS.toNanos(ttlSeconds);
        this.tokensMax = tokensMax;
    }

    /** Draws the letters of a token, for the proposal. */
    public String drawLetters() {
        StringBuilder letters = new StringBuilder(LETTERS);
        for (int i = 0; i < LETTERS; i++) {
            letters.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return letters.toString();
    }

    /** Remembers the token of an applied entry, and says what it is. */
    public String assign(String letters, long index, String username, long nowNanos) {
        String token = letters + "." + Long.toUnsignedString(index);
        if (tokens.size() >= tokensMax) {
            forgetOldest(nowNanos);
        }
        tokens.put(token, new Token(username, nowNanos));
        return token;
    }

    /** Whose token it is, which counts as a use of it; null when it is unknown, or was unused for too long. */
    public @Nullable String usernameOf(String token, long nowNanos) {
        Token held = tokens.get(token);
        if (held == null || isTooOld(held, nowNanos)) {
            return null;
        }
        held.usedNanos = nowNanos;
        return held.username;
    }

    /**
     * The index of the log entry that made a token. A member that has not applied it yet cannot know the token, and should look
     * again when it has.
     *
     * @return -1 for what is no token of this kind
     */
    public static long indexOf(String token) {
        int dot = token.indexOf('.');
        if (dot < 0 || dot != token.lastIndexOf('.')) {
            return -1;
        }
        try {
            return Math.max(-1, Long.parseLong(token.substring(dot + 1)));
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    @Override
    public void invalidateUser(String username) {
        tokens.values().removeIf(token -> token.username.equals(username));
    }

    @Override
    public void invalidateAll() {
        tokens.clear();
    }

    /**
     * Forgets what was unused for too long. Meant for about once a second.
     *
     * @return how many were forgotten
     */
    public int doWork(long nowNanos) {
        int before = tokens.size();
        tokens.values().removeIf(token -> isTooOld(token, nowNanos));
        return Math.max(0, before - tokens.size());
    }

    int size() {
        return tokens.size();
    }

    private boolean isTooOld(Token token, long nowNanos) {
        return nowNanos - token.usedNanos >= ttlNanos;
    }

    private void forgetOldest(long nowNanos) {
        doWork(nowNanos);
        int excess = tokens.size() - tokensMax + 1;
        if (excess > 0) {
            record Use(String token, long idleNanos) {}
            List<Use> uses = new ArrayList<>();
            for (Map.Entry<String, Token> entry : tokens.entrySet()) {
                uses.add(new Use(entry.getKey(), nowNanos - entry.getValue().usedNanos));
            }
            uses.sort(Comparator.comparingLong(Use::idleNanos).reversed());
            int dropped = Math.min(uses.size(), Math.max(excess, tokensMax / DROPPED_FRACTION));
            uses.subList(0, dropped).forEach(use -> tokens.remove(use.token));
        }
    }
}
