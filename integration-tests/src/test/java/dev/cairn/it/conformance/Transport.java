package dev.cairn.it.conformance;

/** What carries the calls of the client port; chosen by a system property of the server. */
enum Transport {
    /** Module {@code http2}. */
    OURS("own"),
    /** grpc-java's. */
    STOCK("stock");

    private final String property;

    Transport(String property) {
        this.property = property;
    }

    /** The option of a server's JVM. */
    String option() {
        return "-Dcairn.net.grpc=" + property;
    }
}
