package dev.cairn.failpoint;

import dev.cairn.failpoint.Terms.Action;
import dev.cairn.failpoint.Terms.Condition;
import dev.cairn.failpoint.Terms.Term;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads terms:
 *
 * <pre>
 * terms  = term { "-&gt;" term }
 * term   = { number "*" | number "%" } action [ "(" [ argument ] ")" ]
 * action = off | return | sleep | panic | print | break
 * argument = "text" | `text` | whole number | true | false
 * </pre>
 *
 * As with etcd, text has no escapes and a trailing {@code ->} is passed over; other than there, a chance may be a whole number.
 *
 * <p>Confined to the caller. What comes from outside is bounded by {@link #TEXT_MAX}, and read once from left to right.
 */
final class TermParser {
    /** Far beyond what anybody writes by hand. */
    static final int TEXT_MAX = 4096;

    // The quantifiers are possessive: nothing is read twice, and no text makes the matcher recurse.
    private static final Pattern CONDITION = Pattern.compile("([0-9]{1,18}+)(\\.[0-9]*+)?+([*%])");
    private static final Pattern ACTION = Pattern.compile("off|return|sleep|panic|print|break");
    private static final Pattern ARGUMENT =
            Pattern.compile("\\((?:\"([^\"\\\\\\n]*+)\"|`([^`]*+)`|(-?+[0-9]{1,18}+)|(true|false))?+\\)");

    private final String text;
    private int at;

    private TermParser(String text) {
        this.text = text;
    }

    /** Null when the text cannot be understood. */
    static @Nullable Terms parse(String text) {
        if (text.length() > TEXT_MAX) {
            return null;
        }
        List<Term> chain = new TermParser(text).chain();
        return chain == null || chain.isEmpty() ? null : new Terms(text, chain);
    }

    private @Nullable List<Term> chain() {
        List<Term> chain = new ArrayList<>();
        while (at < text.length()) {
            Term term = term();
            if (term == null) {
                return null;
            }
            chain.add(term);
            if (at < text.length()) {
                if (!text.startsWith("->", at)) {
                    return null;
                }
                at += "->".length();
            }
        }
        return chain;
    }

    private @Nullable Term term() {
        List<Condition> conditions = new ArrayList<>();
        for (Matcher found = next(CONDITION); found != null; found = next(CONDITION)) {
            boolean counts = found.group(3).equals("*");
            if (counts && found.group(2) != null) {
                return null;
            }
            conditions.add(
                    counts
                            ? new Terms.Count(Long.parseLong(found.group(1)))
                            : new Terms.Chance(Double.parseDouble(text.substring(found.start(1), found.start(3)))));
        }
        Matcher action = next(ACTION);
        if (action == null) {
            return null;
        }
        return new Term(conditions, Action.valueOf(action.group().toUpperCase(Locale.ROOT)), argument());
    }

    private Argument argument() {
        Matcher found = next(ARGUMENT);
        if (found == null) {
            return Argument.NONE;
        }
        if (found.group(1) != null) {
            return new Argument(Argument.Kind.TEXT, found.group(1));
        }
        if (found.group(2) != null) {
            return new Argument(Argument.Kind.TEXT, found.group(2));
        }
        if (found.group(3) != null) {
            return new Argument(Argument.Kind.NUMBER, found.group(3));
        }
        return found.group(4) == null ? Argument.NONE : new Argument(Argument.Kind.FLAG, found.group(4));
    }

    private @Nullable Matcher next(Pattern pattern) {
        Matcher matcher = pattern.matcher(text).region(at, text.length());
        if (!matcher.lookingAt()) {
            return null;
        }
        at = matcher.end();
        return matcher;
    }
}
