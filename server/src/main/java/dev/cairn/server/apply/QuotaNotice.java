package dev.cairn.server.apply;

import dev.cairn.server.logging.HumanBytes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The lines about the quota that the log of a starting member holds. */
public final class QuotaNotice {
    private static final Logger LOG = LoggerFactory.getLogger(QuotaNotice.class);

    /** Above this, etcd advises against it. */
    private static final long ADVISED_BYTES_MAX = 8L << 30;

    /** Who watches the quota, as etcd calls it. */
    private static final String NAME = "v3-applier";

    private QuotaNotice() {}

    /** @param isDefault whether the operator left the limit to the server */
    public static void write(Quota quota, boolean isDefault) {
        long bytes = quota.limitBytes();
        if (bytes < 0) {
            LOG.atInfo()
                    .setMessage("disabled backend quota")
                    .addKeyValue("quota-name", NAME)
                    .addKeyValue("quota-size-bytes", bytes)
                    .log();
            return;
        }
        if (bytes > ADVISED_BYTES_MAX) {
            LOG.atWarn()
                    .setMessage("quota exceeds the maximum value")
                    .addKeyValue("quota-name", NAME)
                    .addKeyValue("quota-size-bytes", bytes)
                    .addKeyValue("quota-size", HumanBytes.text(bytes))
                    .addKeyValue("quota-maximum-size-bytes", ADVISED_BYTES_MAX)
                    .addKeyValue("quota-maximum-size", HumanBytes.text(ADVISED_BYTES_MAX))
                    .log();
        }
        LOG.atInfo()
                .setMessage(isDefault ? "enabled backend quota with default value" : "enabled backend quota")
                .addKeyValue("quota-name", NAME)
                .addKeyValue("quota-size-bytes", bytes)
                .addKeyValue("quota-size", HumanBytes.text(bytes))
                .log();
    }
}
