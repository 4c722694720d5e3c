package dev.cairn.v2;

/** Pure functions: texts in JSON as etcd 3.4 writes them, which keeps them safe inside HTML too. */
final class JsonText {
    private static final String HEX = "0123456789abcdef";

    private JsonText() {}

    static String quote(String text) {
        StringBuilder quoted = new StringBuilder(text.length() + 2);
        quote(text, quoted);
        return quoted.toString();
    }

    static void quote(String text, StringBuilder quoted) {
        quoted.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> quoted.append("\\\"");
                case '\\' -> quoted.append("\\\\");
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                // What was no character when it was decoded.
                case '\ufffd' -> quoted.append("\\ufffd");
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
        quoted.append('"');
    }

    private static void unicode(StringBuilder quoted, char c) {
        quoted.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
            quoted.append(HEX.charAt(c >> shift & 15));
        }
    }
}
