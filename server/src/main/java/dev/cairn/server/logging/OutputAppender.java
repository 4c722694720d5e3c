package dev.cairn.server.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Thread-safe. Writes each line with a single call to every output, so that lines of several processes on one pipe do not mix. An
 * output that fails is given up quietly: a full disk of the log must not stop the server.
 */
final class OutputAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {
    private final LineEncoder encoder;
    private final LogOutput[] outputs;
    private final boolean fatalOnly;
    private final @Nullable LineSampler sampler;
    private final ReentrantLock lock = new ReentrantLock();

    /**
     * @param fatalOnly drops everything that is not the last line of a failing process
     * @param sampler null to write every line
     */
    OutputAppender(LineEncoder encoder, List<LogOutput> outputs, boolean fatalOnly, @Nullable LineSampler sampler) {
        this.encoder = encoder;
        this.outputs = outputs.toArray(new LogOutput[0]);
        this.fatalOnly = fatalOnly;
        this.sampler = sampler;
    }

    @Override
    protected void append(ILoggingEvent event) {
        if (fatalOnly && !(Logs.isFatal(event) && event.getLevel().equals(Level.ERROR))) {
            return;
        }
        byte[] line = encoder.encode(event);
        lock.lock();
        try {
            if (sampler != null
                    && !Logs.isFatal(event)
                    && !sampler.admits(event.getLevel().toInt(), event.getMessage(), event.getTimeStamp())) {
                return;
            }
            for (LogOutput output : outputs) {
                write(output, event, line);
            }
        } finally {
            lock.unlock();
        }
    }

    private void write(LogOutput output, ILoggingEvent event, byte[] line) {
        try {
            output.write(event, line);
        } catch (IOException e) {
            addError("log output failed", e);
        }
    }
}
