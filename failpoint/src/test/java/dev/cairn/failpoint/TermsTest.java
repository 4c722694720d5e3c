package dev.cairn.failpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.failpoint.Terms.Action;
import dev.cairn.testing.Seed;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TermsTest {
    private static final String CHARACTERS = "0129.*%->()\"`\\ offreturnsleeppanicprintbreaktruefalse\n\0é";

    private static Terms parse(String text) {
        return Objects.requireNonNull(TermParser.parse(text), text);
    }

    /** What the passes carry out, each as action and argument; a pass that carries out nothing is a dash. */
    private static List<String> passes(String text, int count) {
        Terms terms = parse(text);
        List<String> done = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Terms.@Nullable Term term = terms.next();
            done.add(term == null ? "-" : term.action() + " " + term.argument().text());
        }
        return done;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "off|OFF|NONE|''",
                "return|RETURN|NONE|''",
                "return()|RETURN|NONE|''",
                "return(\"\")|RETURN|TEXT|''",
                "return(\"some random error\")|RETURN|TEXT|some random error",
                "return(`a \\ b`)|RETURN|TEXT|a \\ b",
                "return(-12)|RETURN|NUMBER|-12",
                "return(true)|RETURN|FLAG|true",
                "sleep(100)|SLEEP|NUMBER|100",
                "sleep(\"1s\")|SLEEP|TEXT|1s",
                "panic|PANIC|NONE|''",
                "panic(\"text\")|PANIC|TEXT|text",
                "print|PRINT|NONE|''",
                "break|BREAK|NONE|''",
                "100%print|PRINT|NONE|''",
                "100.0%3*print|PRINT|NONE|''",
                "print->|PRINT|NONE|''",
            })
    void shouldUnderstand(String text, Action action, Argument.Kind kind, String argument) {
        Terms.Term term = Objects.requireNonNull(parse(text).next());
        assertThat(term.action()).isEqualTo(action);
        assertThat(term.argument()).isEqualTo(new Argument(kind, argument.equals("''") ? "" : argument));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "panics",
                "Panic",
                "panic ",
                " panic",
                "panic(",
                "panic()x",
                "panic(text)",
                "panic(\"text)",
                "panic(\"a\\\"b\")",
                "panic(\"a\nb\")",
                "return(1.5)",
                "return(1,2)",
                "->panic",
                "panic->->panic",
                "panic-",
                "panic;panic",
                "5*",
                "5panic",
                "*panic",
                "%panic",
                ".5%panic",
                "1.5*panic",
                "-1*panic",
                "9999999999999999999*panic",
                "1..0%panic",
            })
    void shouldRefuse(String text) {
        assertThat(TermParser.parse(text)).as(text).isNull();
    }

    @Test
    void shouldCarryOutTheFirstTermThatIsWilling() {
        assertThat(passes("2*return(\"a\")->1*return(\"b\")->off", 5))
                .containsExactly("RETURN a", "RETURN a", "RETURN b", "OFF ", "OFF ");
        assertThat(passes("1*print", 3)).containsExactly("PRINT ", "-", "-");
        assertThat(passes("0*panic->print", 2)).containsExactly("PRINT ", "PRINT ");
        assertThat(passes("0%panic->print", 2)).containsExactly("PRINT ", "PRINT ");
        assertThat(passes("0.0%5*panic", 2)).containsExactly("-", "-");
    }

    @Test
    void shouldNotCountWhatTheChanceHasRefused() {
        Terms terms = parse("50.0%3*print");
        int done = 0;
        int tried = 0;
        while (done < 3) {
            assertThat(tried++).as("passes without an end of the count").isLessThan(10_000);
            done += terms.next() == null ? 0 : 1;
        }
        for (int i = 0; i < 100; i++) {
            assertThat(terms.next()).isNull();
        }
        assertThat(terms.passes()).isEqualTo(3);
    }

    @Test
    void shouldTakeChances() {
        Terms terms = parse("25%print");
        int done = 0;
        for (int i = 0; i < 10_000; i++) {
            done += terms.next() == null ? 0 : 1;
        }
        // Fourteen standard deviations to either side.
        assertThat(done).isBetween(1900, 3100);
    }

    @Test
    void shouldBoundWhatItReads() {
        assertThat(TermParser.parse("print->".repeat(500) + "print")).isNotNull();
        assertThat(TermParser.parse("print->".repeat(600) + "print")).isNull();
        assertThat(TermParser.parse("1*".repeat(2000) + "print")).isNotNull();
        assertThat(TermParser.parse("(".repeat(TermParser.TEXT_MAX))).isNull();
        assertThat(TermParser.parse("return(\"" + "x".repeat(TermParser.TEXT_MAX - 10) + "\")"))
                .isNotNull();
        assertThat(TermParser.parse("return(\"" + "x".repeat(TermParser.TEXT_MAX - 8)))
                .isNull();
    }

    @Test
    void shouldSurviveAnyText() {
        long seed = Seed.choose();
        Random random = new Random(seed);
        for (int i = 0; i < 50_000; i++) {
            StringBuilder text = new StringBuilder();
            for (int left = random.nextInt(12); left >= 0; left--) {
                int from = random.nextInt(CHARACTERS.length());
                text.append(CHARACTERS, from, Math.min(CHARACTERS.length(), from + 1 + random.nextInt(6)));
            }
            Terms terms = TermParser.parse(text.toString());
            if (terms != null) {
                assertThat(terms.text()).isEqualTo(text.toString());
                terms.next();
            }
        }
    }
}
