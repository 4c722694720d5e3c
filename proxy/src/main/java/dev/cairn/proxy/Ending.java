package dev.cairn.proxy;

import dev.cairn.proxy.flags.StartCommand;

/** What a command that does not start leaves behind. Stateless. */
final class Ending {
    private static final int FAILURE = 1;

    private Ending() {}

    /** Ends as reading the command line told. */
    static int print(StartCommand.Asked.Exit exit) {
        System.out.print(exit.stdout());
        System.out.flush();
        System.err.print(exit.stderr());
        System.err.flush();
        return exit.status();
    }

    /** Ends with a reason on standard output, where etcd gives some of them. */
    static int said(String reason) {
        System.out.print(reason);
        System.out.flush();
        return FAILURE;
    }

    /** Ends with a reason on standard error. */
    static int failed(String reason) {
        System.err.print(reason);
        System.err.flush();
        return FAILURE;
    }
}
