package dev.cairn.server.profile;

import dev.cairn.server.http.HttpStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends a file as fast as its reader takes it, and deletes it. Confined to the event loop; the file has just been written, so it is in memory. */
final class FileBody implements HttpStream {
    private static final Logger LOG = LoggerFactory.getLogger(FileBody.class);
    private static final int PART_BYTES = 64 << 10;

    private final Path file;
    private final InputStream in;
    private @Nullable Sink sink;

    FileBody(Path file) throws IOException {
        this.file = file;
        this.in = Files.newInputStream(file);
    }

    @Override
    public void begin(Sink opened) {
        sink = opened;
        onWritable();
    }

    @Override
    public void onWritable() {
        Sink to = sink;
        if (to == null) {
            return;
        }
        try {
            while (to.isWritable()) {
                byte[] part = in.readNBytes(PART_BYTES);
                if (part.length == 0) {
                    close();
                    to.end();
                    return;
                }
                to.write(part);
            }
        } catch (IOException e) {
            LOG.atWarn().setMessage("cannot send a recording").setCause(e).log();
            close();
            to.end();
        }
    }

    /** Also for a reader that has gone. */
    void close() {
        sink = null;
        try {
            in.close();
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.atWarn()
                    .setMessage("cannot remove a recording")
                    .addKeyValue("path", file)
                    .setCause(e)
                    .log();
        }
    }
}
