package dev.cairn.bbolt;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Pages, one behind the other. Confined to its owner. */
final class PageOutput {
    private final WritableByteChannel out;
    private final int pageSize;
    private long nextPage;

    PageOutput(WritableByteChannel out, int pageSize) {
        this.out = out;
        this.pageSize = pageSize;
    }

    int pageSize() {
        return pageSize;
    }

    /** The number that the next page will have. */
    long nextPage() {
        return nextPage;
    }

    /** Writes whole pages. */
    void write(ByteBuffer pages) throws IOException {
        nextPage += pages.remaining() / pageSize;
        while (pages.hasRemaining()) {
            out.write(pages);
        }
    }
}
