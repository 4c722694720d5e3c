package dev.cairn.server.http;

/** Pure functions: the little JSON that the pages write. */
public final class Json {
    private Json() {}

    /** The text in quotes, escaped as etcd's encoder does; that one also keeps the text safe inside HTML. */
    public static String quote(String text) {
        StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> quoted.append("\\\"");
                case '\\' -> quoted.append("\\\\");
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                case '<', '>', '&', '\u2028', '\u2029' -> unicode(quoted, c);
                default -> {
                    if (c < 0x20) {
                        unicode(quoted, c);
                    } else {
                        quoted.append(c);
                    }
                }
            }
        }
        return quoted.append('"').toString();
    }

    private static void unicode(StringBuilder quoted, char c) {
        quoted.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
            quoted.append(Character.forDigit(c >> shift & 15, 16));
        }
    }
}
