package dev.cairn.server.config;

/** The switches of {@code --feature-gates}, with etcd's names, stages and defaults. */
public enum FeatureGate {
    COMPACT_HASH_CHECK("CompactHashCheck", Stage.ALPHA, false),
    FAST_LEASE_KEEP_ALIVE("FastLeaseKeepAlive", Stage.BETA, true),
    INITIAL_CORRUPT_CHECK("InitialCorruptCheck", Stage.ALPHA, false),
    LEASE_CHECKPOINT("LeaseCheckpoint", Stage.ALPHA, false),
    LEASE_CHECKPOINT_PERSIST("LeaseCheckpointPersist", Stage.ALPHA, false),
    PRIORITY_REQUEST("PriorityRequest", Stage.ALPHA, false),
    SET_MEMBER_LOCAL_ADDR("SetMemberLocalAddr", Stage.ALPHA, false),
    STOP_GRPC_SERVICE_ON_DEFRAG("StopGRPCServiceOnDefrag", Stage.ALPHA, false),
    TXN_MODE_WRITE_WITH_SHARED_BUFFER("TxnModeWriteWithSharedBuffer", Stage.BETA, true);

    /** How far a gate has come; {@code AllAlpha} and {@code AllBeta} switch a whole stage. */
    public enum Stage {
        ALPHA("AllAlpha"),
        BETA("AllBeta");

        private final String all;

        Stage(String all) {
            this.all = all;
        }

        /** The gate that switches every gate of this stage. */
        public String all() {
            return all;
        }
    }

    private final String gateName;
    private final Stage stage;
    private final boolean onByDefault;

    FeatureGate(String gateName, Stage stage, boolean onByDefault) {
        this.gateName = gateName;
        this.stage = stage;
        this.onByDefault = onByDefault;
    }

    public String gateName() {
        return gateName;
    }

    public Stage stage() {
        return stage;
    }

    public boolean onByDefault() {
        return onByDefault;
    }

    /** Whether anything depends on the gate here. */
    boolean hasEffect() {
        return this == COMPACT_HASH_CHECK
                || this == INITIAL_CORRUPT_CHECK
                || this == LEASE_CHECKPOINT
                || this == PRIORITY_REQUEST;
    }

    static boolean isKnown(String name) {
        for (FeatureGate gate : values()) {
            if (gate.gateName.equals(name)) {
                return true;
            }
        }
        return name.equals(Stage.ALPHA.all) || name.equals(Stage.BETA.all);
    }
}
