package dev.cairn.it.oracle;

import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One call of a run, with lease ids as the run names them. Immutable. */
record Call(Rpc rpc, Message request) {
    private static final int TEXT_MAX = 2_000;
    private static final Pattern LONG_RUN = Pattern.compile("(\\\\000|[^\\\\])\\1{20,}");

    @Override
    public String toString() {
        return rpc + " {" + shorten(TextFormat.printer().emittingSingleLine(true).printToString(request)) + "}";
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
