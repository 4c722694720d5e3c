package dev.cairn.it.oracle;

import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One call of a run, with lease ids as the run names them. Immutable.
 *
 * @param speaker who makes it: a user, who sends the last token that was given to that user; one of the names below
 */
record Call(Rpc rpc, Message request, String speaker) {
    /** Sends no token. */
    static final String NOBODY = "";

    /** Sends a token that no server gave out. */
    static final String FORGER = "forger";

    /** Sends what is no token at all. */
    static final String MUMBLER = "mumbler";

    private static final int TEXT_MAX = 2_000;
    private static final Pattern LONG_RUN = Pattern.compile("(\\\\000|[^\\\\])\\1{20,}");

    Call(Rpc rpc, Message request) {
        this(rpc, request, NOBODY);
    }

    Call by(String other) {
        return new Call(rpc, request, other);
    }

    @Override
    public String toString() {
        return (speaker.equals(NOBODY) ? "" : speaker + ": ") + rpc + " {"
                + shorten(TextFormat.printer().emittingSingleLine(true).printToString(request)) + "}";
    }

    /** Values of 100 kB, and long keys of one letter, would hide what a failure is about. */
    static String shorten(String text) {
        String dense = LONG_RUN.matcher(text)
                .replaceAll(run -> Matcher.quoteReplacement(
                        run.group(1) + "{" + run.group().length() / run.group(1).length() + " times}"));
        return dense.length() <= TEXT_MAX
                ? dense
                : dense.substring(0, TEXT_MAX) + "... (" + text.length() + " characters)";
    }
}
