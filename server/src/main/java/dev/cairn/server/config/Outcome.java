package dev.cairn.server.config;

import java.util.List;

/** What reading the configuration led to: a server to start, or an end with everything that is to be printed. */
public sealed interface Outcome {
    /** Go on with this configuration; its notices are still to be logged. */
    record Start(ServerConfig config) implements Outcome {}

    /**
     * End the process.
     *
     * @param status the exit status, etcd's for the same situation
     * @param stdout text for standard output, empty or with its last newline
     * @param stderr text for standard error, printed before the notices
     * @param notices lines for the log
     */
    record Exit(int status, String stdout, String stderr, List<Notice> notices) implements Outcome {
        public Exit {
            notices = List.copyOf(notices);
        }
    }
}
