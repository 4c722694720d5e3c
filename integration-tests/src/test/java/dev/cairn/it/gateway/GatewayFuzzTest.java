package dev.cairn.it.gateway;

import dev.cairn.testing.Seed;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Requests with random damage: both servers find the same fault, or none. A failure names the seed; {@code -Dcairn.seed=N} runs it again,
 * {@code -Dcairn.fuzz.calls=N} makes more calls.
 */
@Tag("oracle")
@Timeout(3600)
class GatewayFuzzTest {
    private static final int CALLS = Integer.getInteger("cairn.fuzz.calls", 400);

    private static final String[][] REQUESTS = {
        {
            "/v3/kv/range",
            "{\"key\":\"YQ==\",\"range_end\":\"eg==\",\"limit\":\"10\",\"sort_order\":\"DESCEND\",\"sort_target\":1,\"keys_only\":true}"
        },
        {
            "/v3/kv/range",
            "{\"key\":\"YQ\",\"minModRevision\":1.0,\"maxCreateRevision\":1e3,\"serializable\":true,\"x\":[{\"y\":null},-1.5E-3,\"\\u00e4\"]}"
        },
        {"/v3/kv/put", "{\"key\":\"YWI=\",\"value\":\"-_8\",\"prev_kv\":true,\"lease\":0}"},
        {
            "/v3/kv/txn",
            "{\"compare\":[{\"key\":\"YQ==\",\"target\":\"VALUE\",\"result\":0,\"value\":\"YQ==\"}],\"success\":[{\"request_put\":{\"key\":\"YQ==\"}}],"
                    + "\"failure\":[{\"requestRange\":{\"key\":\"YQ==\"}},{\"request_txn\":{\"success\":[]}}]}"
        },
        {"/v3/lease/timetolive", "{\"ID\":\"1234567890123456789\",\"keys\":true}"},
        {"/v3/cluster/member/remove", "{\"ID\":\"18446744073709551615\"}"},
        {"/v3/auth/user/get", "{\"name\":\"\\ud83d\\ude00 \\\"\\n\u20ac\"}"},
        {"/v3/kv/deleterange", "{\"key\":\"YQ==\",\"rangeEnd\":\"AA==\",\"prevKv\":false}"}
    };

    private static final String[] SNIPPETS = {
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "\\",
        "\\u",
        "\\ud800",
        "null",
        "true",
        "false",
        "0",
        "-",
        ".",
        "e5",
        "E+",
        "1e400",
        " ",
        "\n",
        "\t",
        "\u00e9",
        "\uE0FF",
        "\uE080",
        "\uE0C3",
        "\"key\":1,",
        "\"ID\":null,",
        "=",
        "_",
        "{}",
        "[]",
        "9999999999999999999",
        "\u0000",
        "\u007f"
    };

    @TempDir
    Path directory;

    @Test
    void shouldFindTheSameFaults() {
        long seed = Seed.choose();
        Random random = new Random(seed);
        try (HttpDuel duel = new HttpDuel(directory)) {
            for (int i = 0; i < CALLS; i++) {
                String[] request = REQUESTS[random.nextInt(REQUESTS.length)];
                duel.call(request[0], damaged(random, request[1]));
            }
            duel.check();
        } catch (AssertionError e) {
            throw new AssertionError(Seed.replay(seed) + "\n" + e.getMessage(), e);
        }
    }

    private static String damaged(Random random, String json) {
        StringBuilder text = new StringBuilder(json);
        for (int i = random.nextInt(4); i > 0 && text.length() > 0; i--) {
            int at = random.nextInt(text.length());
            switch (random.nextInt(4)) {
                case 0 -> text.insert(at, SNIPPETS[random.nextInt(SNIPPETS.length)]);
                case 1 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(4)));
                case 2 -> text.replace(at, at + 1, SNIPPETS[random.nextInt(SNIPPETS.length)]);
                default -> {
                    if (random.nextInt(3) == 0) {
                        text.setLength(at);
                    } else {
                        text.insert(
                                random.nextInt(text.length()), text.substring(at, Math.min(text.length(), at + 12)));
                    }
                }
            }
        }
        return text.toString();
    }
}
