package dev.cairn.server.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Thread-safe. Writes each line with a single call to every output, so that lines of several processes on one pipe do not mix. An
 * output that fails is given up quietly: a full disk of the log must not stop the server.
 */
final class OutputAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {
    private final LineEncoder encoder;
    private final OutputStream[] outputs;
    private final boolean fatalOnly;
    private final ReentrantLock lock = new ReentrantLock();

    /**
     * @param outputs unbuffered
     * @param fatalOnly drops everything that is not the last line of a failing process
     */
    OutputAppender(LineEncoder encoder, List<OutputStream> outputs, boolean fatalOnly) {
        this.encoder = encoder;
        this.outputs = outputs.toArray(new OutputStream[0]);
        this.fatalOnly = fatalOnly;
    }

    @Override
    protected void append(ILoggingEvent event) {
        if (fatalOnly && !(Logs.isFatal(event) && event.getLevel().equals(Level.ERROR))) {
            return;
        }
        byte[] line = encoder.encode(event);
        lock.lock();
        try {
            for (OutputStream output : outputs) {
                write(output, line);
            }
        } finally {
            lock.unlock();
        }
    }

    private void write(OutputStream output, byte[] line) {
        try {
            output.write(line);
        } catch (IOException e) {
            addError("log output failed", e);
        }
    }
}
