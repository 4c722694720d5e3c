package dev.cairn.server.api;

/** The versions of etcd that this server stands for: clients and other members choose features by them. */
public final class EtcdVersion {
    /** What the server calls itself. */
    public static final String SERVER = "3.7.1";

    /** The API that it serves. */
    public static final String API = "3.7";

    private EtcdVersion() {}
}
