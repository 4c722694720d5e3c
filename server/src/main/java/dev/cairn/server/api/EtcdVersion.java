package dev.cairn.server.api;

/** The versions of etcd that this server stands for: clients and other members choose features by them. */
public final class EtcdVersion {
    /** What the server calls itself. */
    public static final String SERVER = "3.7.1";

    /** The cluster version that a cluster of such servers decides on. */
    public static final String CLUSTER = "3.7.0";

    /** The version of the storage schema. */
    public static final String STORAGE = "3.7.0";

    private EtcdVersion() {}
}
