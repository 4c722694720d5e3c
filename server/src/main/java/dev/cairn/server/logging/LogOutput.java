package dev.cairn.server.logging;

import ch.qos.logback.classic.spi.ILoggingEvent;
import java.io.IOException;
import java.io.OutputStream;

/** One place that lines go to. Called by one thread at a time. */
interface LogOutput {
    /**
     * @param line the whole line with its end
     * @throws IOException when the line was not, or only in part, taken
     */
    void write(ILoggingEvent event, byte[] line) throws IOException;

    /** A place that only takes bytes; each line is one write. */
    final class Stream implements LogOutput {
        private final OutputStream stream;

        Stream(OutputStream unbuffered) {
            this.stream = unbuffered;
        }

        @Override
        public void write(ILoggingEvent event, byte[] line) throws IOException {
            stream.write(line);
        }
    }
}
