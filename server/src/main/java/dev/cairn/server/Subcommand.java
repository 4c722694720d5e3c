package dev.cairn.server;

import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * Something else that the {@code etcd} command does when its first argument names it. Modules above this one provide them as services, so
 * that a member loads nothing of them.
 */
public interface Subcommand {
    /** The first argument that asks for it. */
    String name();

    /**
     * Runs to the end; called once, on the main thread.
     *
     * @param arguments all of the command line, the name first
     * @return the exit status
     */
    int run(List<String> arguments) throws InterruptedException;

    /** Runs what the first argument names; null when it names nothing of the kind. */
    static @Nullable Integer runNamed(List<String> arguments) throws InterruptedException {
        if (arguments.isEmpty() || arguments.get(0).startsWith("-")) {
            return null;
        }
        for (Subcommand subcommand : ServiceLoader.load(Subcommand.class)) {
            if (subcommand.name().equals(arguments.get(0))) {
                return subcommand.run(arguments);
            }
        }
        return null;
    }
}
