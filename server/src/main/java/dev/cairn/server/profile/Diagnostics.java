package dev.cairn.server.profile;

import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.ObjectName;

/** What the runtime tells of itself as text, as {@code jcmd} shows it. Thread-safe; takes as long as the runtime does. */
final class Diagnostics {
    private static final String COMMANDS = "com.sun.management:type=DiagnosticCommand";

    private Diagnostics() {}

    /** The stacks of all threads. */
    static String threads(boolean withLocks) throws JMException {
        return run("threadPrint", withLocks ? new String[] {"-l"} : new String[0]);
    }

    /**
     * How many objects of which class there are, and their bytes.
     *
     * @param afterCollection counts what is still in use only, which stops the process for a full collection
     */
    static String heap(boolean afterCollection) throws JMException {
        return run("gcClassHistogram", afterCollection ? new String[0] : new String[] {"-all"});
    }

    private static String run(String command, String[] arguments) throws JMException {
        Object text = ManagementFactory.getPlatformMBeanServer()
                .invoke(new ObjectName(COMMANDS), command, new Object[] {arguments}, new String[] {
                    String[].class.getName()
                });
        return String.valueOf(text);
    }
}
