package dev.cairn.bench.work;

import java.util.Locale;

/** Which works belong together. */
public enum Group {
    HOT,
    RANGES,
    WATCH,
    LEASES,
    CLUSTER,
    TLS,
    HOUSEKEEPING,
    RESTART,
    MEMORY;

    /** As it is named on the command line. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
