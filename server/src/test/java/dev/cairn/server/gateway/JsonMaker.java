package dev.cairn.server.gateway;

import java.util.Random;

/** Makes JSON that looks like requests, right and wrong. */
final class JsonMaker {
    private static final String[] NAMES = {
        "key",
        "range_end",
        "rangeEnd",
        "value",
        "lease",
        "limit",
        "compare",
        "success",
        "failure",
        "request_put",
        "requestRange",
        "request_txn",
        "request_delete_range",
        "target",
        "result",
        "version",
        "create_request",
        "cancel_request",
        "filters",
        "watch_id",
        "peerURLs",
        "isLearner",
        "action",
        "alarm",
        "memberID",
        "name",
        "perm",
        "permType",
        "sort_order",
        "prev_kv",
        "x",
        "[y]",
        ""
    };
    private static final String[] SCALARS = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "-1",
        "1.0",
        "1.5",
        "1e3",
        "1E-2",
        "123e-2",
        "100e-2",
        "1e999",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "2147483648",
        "\"\"",
        "\"1\"",
        "\"-1\"",
        "\" 1\"",
        "\"1.0\"",
        "\"YQ==\"",
        "\"YQ\"",
        "\"YQ=\"",
        "\"-_8\"",
        "\"+/8=\"",
        "\"a b\"",
        "\"\\u0061\\n\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"\u20ac\"",
        "\"READ\"",
        "\"GREATER\"",
        "\"NODELETE\"",
        "\"NOPE\"",
        "{}",
        "[]"
    };
    private static final int DEPTH_MAX = 7;

    private JsonMaker() {}

    static void value(Random random, StringBuilder out, int depth) {
        int kind = depth == 0 ? 0 : depth > DEPTH_MAX ? 2 : random.nextInt(4);
        switch (kind) {
            case 0 -> {
                out.append('{');
                int fields = random.nextInt(4);
                for (int i = 0; i < fields; i++) {
                    out.append(i == 0 ? "" : ",")
                            .append('"')
                            .append(NAMES[random.nextInt(NAMES.length)])
                            .append('"')
                            .append(random.nextInt(8) == 0 ? " :\n" : ":");
                    value(random, out, depth + 1);
                }
                out.append('}');
            }
            case 1 -> {
                out.append('[');
                int elements = random.nextInt(3);
                for (int i = 0; i < elements; i++) {
                    out.append(i == 0 ? "" : ", ");
                    value(random, out, depth + 1);
                }
                out.append(']');
            }
            default -> out.append(SCALARS[random.nextInt(SCALARS.length)]);
        }
    }
}
