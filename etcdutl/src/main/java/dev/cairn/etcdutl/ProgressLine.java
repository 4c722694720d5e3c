package dev.cairn.etcdutl;

import dev.cairn.server.backup.DatabaseExport;
import dev.cairn.server.backup.WorkProgress;
import java.io.PrintWriter;
import java.util.concurrent.TimeUnit;

/**
 * Shows on a terminal how far work has come, in one line that is written over; nothing where standard error is no terminal, and nothing
 * within the first second. Confined to the thread that works.
 */
final class ProgressLine implements WorkProgress, DatabaseExport.Progress, AutoCloseable {
    private static final long SHOWN_AFTER_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long SHOWN_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final int WIDTH = 30;

    /** Set by the start script: whether standard error is a terminal cannot be asked of every JDK. */
    private static final String TERMINAL_PROPERTY = "cairn.terminal";

    private final PrintWriter out;
    private final boolean terminal;
    private long showNanos = System.nanoTime() + SHOWN_AFTER_NANOS;
    private boolean shown;

    ProgressLine(PrintWriter out) {
        this(out, Boolean.getBoolean(TERMINAL_PROPERTY));
    }

    ProgressLine(PrintWriter out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    @Override
    public void at(String step, long done, long all) {
        if (!terminal || System.nanoTime() - showNanos < 0) {
            return;
        }
        shown = true;
        showNanos = System.nanoTime() + SHOWN_EVERY_NANOS;
        out.print('\r' + line(step, done, all));
        out.flush();
    }

    static String line(String step, long done, long all) {
        double part = all <= 0 ? 1 : Math.min(1, Math.max(0, done / (double) all));
        int full = (int) (part * WIDTH);
        return String.format(
                "%-12s [%s%s] %3d %%", step, "#".repeat(full), ".".repeat(WIDTH - full), (int) (part * 100));
    }

    @Override
    public void written(long bytes, long allBytes) {
        at("writing", bytes, allBytes);
    }

    /** Ends the line; the next note begins another. */
    @Override
    public void close() {
        if (shown) {
            shown = false;
            out.println();
            out.flush();
        }
    }
}
