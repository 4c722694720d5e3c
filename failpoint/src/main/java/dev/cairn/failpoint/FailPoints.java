package dev.cairn.failpoint;

import java.io.IOException;
import java.net.BindException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Switches fail points on and off. Thread-safe.
 *
 * <p>Two variables of the environment, both etcd's: {@value #TERMS_VARIABLE} sets places at the start ({@code name=terms;name=terms}),
 * {@value #HTTP_VARIABLE} ({@code host:port}) serves their control over HTTP. Without either of them there are no fail points in this process.
 */
public final class FailPoints {
    static final String TERMS_VARIABLE = "GOFAIL_FAILPOINTS";
    static final String HTTP_VARIABLE = "GOFAIL_HTTP";

    /** Whether places look for terms at all. Not in the enum of the places: a JVM may keep enums, ready made, from another process. */
    static final boolean ON = isSet(System.getenv(), TERMS_VARIABLE) || isSet(System.getenv(), HTTP_VARIABLE);

    /**
     * Held while a request for a place is carried out and answered, and taken, for good, by the thread that ends the process: so a
     * request that sets a place which is passed at once is still answered.
     */
    private static final ReentrantLock ANSWERING = new ReentrantLock();

    private static volatile Consumer<String> ending = message -> {
        throw new IllegalStateException(message);
    };

    private FailPoints() {}

    /** Whether there are fail points in this process. */
    public static boolean areAny() {
        return ON;
    }

    /**
     * Does what the environment asks for. To be called once, before anything that may pass a place.
     *
     * @param onPanic ends the process at once, as a crash would; it gets what is to be told
     * @return why that is not possible; null when it is done
     */
    public static @Nullable String open(Map<String, String> environment, Consumer<String> onPanic) {
        ending = onPanic;
        String terms = environment.get(TERMS_VARIABLE);
        if (terms != null && !terms.isEmpty()) {
            Map<String, String> all = new LinkedHashMap<>();
            String wrong = split(terms, all);
            if (wrong != null) {
                return "fail to parse failpoint: " + wrong;
            }
            // As with etcd, a name that it does not know is passed over, and terms that it does not understand are told
            // of.
            all.forEach((name, text) -> {
                String refusal = enable(name, text);
                if (refusal != null && FailPoint.named(name) != null) {
                    System.out.println("failed to enable \"" + name + "=" + text + "\" (" + refusal + ")");
                }
            });
        }
        String address = environment.get(HTTP_VARIABLE);
        if (address != null && !address.isEmpty()) {
            try {
                ControlServer.start(address);
            } catch (IOException e) {
                return "listen tcp " + address + ": " + (e instanceof BindException ? told(e) : e.getMessage());
            }
        }
        return null;
    }

    /** As Go tells it, and as scripts that start servers look for it. */
    private static String told(IOException refusal) {
        return "bind: " + String.valueOf(refusal.getMessage()).toLowerCase(Locale.ROOT);
    }

    /**
     * Splits {@code name=terms;name=terms}; of two for the same name the last counts.
     *
     * @return what is wrong with it; null when nothing is
     */
    static @Nullable String split(String text, Map<String, String> into) {
        for (String part : text.split(";", -1)) {
            if (part.isEmpty()) {
                continue;
            }
            String[] sides = part.split("=", -1);
            if (sides.length != 2) {
                return "bad failpoint \"" + part + "\"";
            }
            into.put(sides[0], sides[1]);
        }
        return null;
    }

    /** Sets a place; why it cannot be set, or null. */
    static @Nullable String enable(String name, String text) {
        FailPoint point = FailPoint.named(name);
        if (point == null) {
            return "failpoint: failpoint does not exist";
        }
        Terms terms = TermParser.parse(text);
        if (terms == null) {
            return "failpoint: could not parse terms";
        }
        point.set(terms);
        return null;
    }

    /** Carries out a request for places and answers it, undisturbed by a place that ends the process. */
    static <X extends Exception> void answering(Answer<X> answer) throws X {
        ANSWERING.lock();
        try {
            answer.run();
        } finally {
            ANSWERING.unlock();
        }
    }

    /** Work on a request. */
    interface Answer<X extends Exception> {
        void run() throws X;
    }

    /** A place was told to end the process. */
    static void end(String name, Argument argument) {
        answering(() -> ending.accept("failpoint panic: "
                + (argument.kind() == Argument.Kind.NONE ? name : argument.text() + " (" + name + ")")));
    }

    private static boolean isSet(Map<String, String> environment, String variable) {
        return !environment.getOrDefault(variable, "").isEmpty();
    }
}
