package dev.cairn.server.apply;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The lines about the quota that the log of a starting member holds. */
public final class QuotaNotice {
    private static final Logger LOG = LoggerFactory.getLogger(QuotaNotice.class);

    /** Above this, etcd advises against it. */
    private static final long ADVISED_BYTES_MAX = 8L << 30;

    /** Who watches the quota, as etcd calls it. */
    private static final String NAME = "v3-applier";

    private static final String UNITS = "kMGTPE";

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
                    .addKeyValue("quota-size", text(bytes))
                    .addKeyValue("quota-maximum-size-bytes", ADVISED_BYTES_MAX)
                    .addKeyValue("quota-maximum-size", text(ADVISED_BYTES_MAX))
                    .log();
        }
        LOG.atInfo()
                .setMessage(isDefault ? "enabled backend quota with default value" : "enabled backend quota")
                .addKeyValue("quota-name", NAME)
                .addKeyValue("quota-size-bytes", bytes)
                .addKeyValue("quota-size", text(bytes))
                .log();
    }

    /** A size for people: thousands, one digit behind the point below ten. */
    public static String text(long bytes) {
        if (bytes < 10) {
            return bytes + " B";
        }
        double value = bytes;
        int unit = -1;
        while (value >= 1000 && unit < UNITS.length() - 1) {
            value /= 1000;
            unit++;
        }
        long tenths = (long) Math.floor(value * 10 + 0.5);
        // Ties go to the even number, as they do in Go.
        String digits = tenths < 100 ? tenths / 10 + "." + tenths % 10 : Long.toString((long) Math.rint(tenths / 10.0));
        return digits + " " + (unit < 0 ? "" : UNITS.charAt(unit)) + "B";
    }
}
