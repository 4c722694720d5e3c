package dev.cairn.failpoint;

import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What terms do, on the thread that passes a place. Stateless; what it tells goes to standard output, as with etcd. */
final class Actions {
    private Actions() {}

    /** Carries out a term; the argument of a return term, otherwise null. */
    static @Nullable Argument perform(Terms.Term term, String name) {
        switch (term.action()) {
            case RETURN -> {
                return term.argument();
            }
            case SLEEP -> sleep(term.argument(), name);
            case PANIC -> FailPoints.end(name, term.argument());
            case PRINT -> System.out.println("failpoint print: " + name);
            case BREAK -> {
                // A debugger cannot be started on a JVM from inside; where the thread is, is what it would be asked
                // first.
                System.out.println("failpoint break: " + name + " on " + Thread.currentThread());
                for (StackTraceElement frame : Thread.currentThread().getStackTrace()) {
                    System.out.println("\tat " + frame);
                }
            }
            case OFF -> {
                // Passed, and nothing happens.
            }
        }
        return null;
    }

    private static void sleep(Argument argument, String name) {
        OptionalLong nanos = Durations.nanos(argument);
        if (nanos.isEmpty()) {
            System.out.println("failpoint: ignoring sleep(" + argument.text() + ") on " + name);
            return;
        }
        // An interrupt of whoever passes is not meant for the place: it is kept, and the time is slept out.
        boolean interrupted = false;
        long end = System.nanoTime() + nanos.getAsLong();
        for (long left = nanos.getAsLong(); left > 0; left = end - System.nanoTime()) {
            try {
                TimeUnit.NANOSECONDS.sleep(left);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
