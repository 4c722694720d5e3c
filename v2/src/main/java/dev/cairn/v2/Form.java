package dev.cairn.v2;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a request, of its body and its query, by the rules of Go's forms: those of the body come first, the first of
 * several counts, what cannot be decoded refuses the request. Values are bytes. Immutable.
 */
final class Form {
    private static final String URL_ENCODED = "application/x-www-form-urlencoded";

    /** As many as nobody needs; what comes behind is left out. */
    private static final int PARAMETERS_MAX = 1000;

    private final Map<String, ByteString> values = new LinkedHashMap<>();

    private Form() {}

    /** @param contentType of the body, null without one */
    static Form parse(String method, String query, @Nullable String contentType, byte[] body) throws Refusal {
        Form form = new Form();
        String problem = "";
        if (method.equals("PUT") || method.equals("POST") || method.equals("PATCH")) {
            String type = mediaType(contentType);
            if (type.equals(URL_ENCODED)) {
                problem = form.add(new String(body, StandardCharsets.ISO_8859_1));
            }
        }
        String inQuery = form.add(query);
        problem = problem.isEmpty() ? inQuery : problem;
        if (!problem.isEmpty()) {
            throw new Refusal(ErrorCode.INVALID_FORM, problem);
        }
        return form;
    }

    private static String mediaType(@Nullable String contentType) throws Refusal {
        if (contentType == null || contentType.isEmpty()) {
            return "application/octet-stream";
        }
        int semicolon = contentType.indexOf(';');
        String type = (semicolon < 0 ? contentType : contentType.substring(0, semicolon))
                .trim()
                .toLowerCase(Locale.ROOT);
        if (type.isEmpty()) {
            throw new Refusal(ErrorCode.INVALID_FORM, "mime: no media type");
        }
        return type;
    }

    /** Adds pairs behind those that are known; returns the first problem, empty without one. */
    private String add(String encoded) {
        String problem = "";
        for (String pair : encoded.split("&", PARAMETERS_MAX)) {
            if (pair.isEmpty()) {
                continue;
            }
            if (pair.indexOf(';') >= 0) {
                problem = problem.isEmpty() ? "invalid semicolon separator in query" : problem;
                continue;
            }
            int equals = pair.indexOf('=');
            try {
                ByteString name = decode(equals < 0 ? pair : pair.substring(0, equals));
                ByteString value = equals < 0 ? ByteString.EMPTY : decode(pair.substring(equals + 1));
                values.putIfAbsent(name.toStringUtf8(), value);
            } catch (BadEscape e) {
                problem = problem.isEmpty() ? e.getMessage() : problem;
            }
        }
        return problem;
    }

    private static ByteString decode(String text) throws BadEscape {
        ByteString.Output bytes = ByteString.newOutput(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '%') {
                int high = i + 1 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
                int low = i + 2 < text.length() ? Character.digit(text.charAt(i + 2), 16) : -1;
                if (high < 0 || low < 0) {
                    throw new BadEscape(text.substring(i, Math.min(text.length(), i + 3)));
                }
                bytes.write(high << 4 | low);
                i += 2;
            } else {
                bytes.write(c == '+' ? ' ' : c);
            }
        }
        return bytes.toByteString();
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    /** Empty when there is none. */
    ByteString bytes(String name) {
        return values.getOrDefault(name, ByteString.EMPTY);
    }

    /** Empty when there is none. */
    String text(String name) {
        return bytes(name).toStringUtf8();
    }

    private static final class BadEscape extends Exception {
        private static final long serialVersionUID = 1L;

        BadEscape(String escape) {
            super("invalid URL escape " + JsonText.quote(escape), null, false, false);
        }

        @Override
        public String getMessage() {
            return java.util.Objects.requireNonNullElse(super.getMessage(), "");
        }
    }
}
