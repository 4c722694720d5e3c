package dev.cairn.server.defragment;

import dev.cairn.mvcc.MvccStore;
import dev.cairn.server.logging.HumanBytes;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/** One call at a time. Defragments a store and tells the log by how much it shrank, in etcd's lines. */
public final class Defragmentation {
    private static final Logger LOG = LoggerFactory.getLogger(Defragmentation.class);

    private final MvccStore store;

    public Defragmentation(MvccStore store) {
        this.store = store;
    }

    /** Before the member serves: only when at least so much would come free. */
    public void runAtStart(long thresholdBytes) {
        long free = store.sizeOnDisk() - store.sizeInUse();
        if (free < thresholdBytes) {
            sizes(LOG.atInfo().setMessage("Skipping defragmentation"))
                    .addKeyValue("bootstrap-defrag-threshold-bytes", thresholdBytes)
                    .addKeyValue("bootstrap-defrag-threshold", HumanBytes.text(thresholdBytes))
                    .log();
            return;
        }
        run();
    }

    /** Copies the store; requests go on meanwhile. */
    public void run() {
        long diskBefore = store.sizeOnDisk();
        long usedBefore = store.sizeInUse();
        long start = System.nanoTime();
        sizes(LOG.atInfo().setMessage("defragmenting")).log();
        store.defragment();
        sizes(LOG.atInfo()
                        .setMessage("finished defragmenting directory")
                        .addKeyValue("current-db-size-bytes-diff", store.sizeOnDisk() - diskBefore)
                        .addKeyValue("current-db-size-in-use-bytes-diff", store.sizeInUse() - usedBefore))
                .addKeyValue("took", Duration.ofNanos(System.nanoTime() - start))
                .log();
    }

    private LoggingEventBuilder sizes(LoggingEventBuilder line) {
        long disk = store.sizeOnDisk();
        long used = store.sizeInUse();
        return line.addKeyValue("current-db-size-bytes", disk)
                .addKeyValue("current-db-size", HumanBytes.text(disk))
                .addKeyValue("current-db-size-in-use-bytes", used)
                .addKeyValue("current-db-size-in-use", HumanBytes.text(used));
    }
}
