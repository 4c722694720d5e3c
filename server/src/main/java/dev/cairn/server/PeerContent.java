package dev.cairn.server;

import dev.cairn.server.api.EtcdVersion;
import dev.cairn.server.http.HttpHandler;
import dev.cairn.server.http.Pages;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.peer.LeaseForwarding;
import dev.cairn.server.peer.PeerPages;

/** What the peer port serves. */
final class PeerContent {
    private PeerContent() {}

    static HttpHandler of(EtcdServer server) {
        Cluster cluster = server.cluster();
        PeerPages pages = new PeerPages(
                cluster,
                Housekeeping.hashesOf(server.store()),
                server.reads(),
                server.promotion(),
                () -> cluster.view().downgradeTarget() != null,
                server.slow());
        LeaseForwarding leases =
                new LeaseForwarding(server.lessor(), server.reads(), server.proposals(), server.requestLimit());
        return pages.router(leases, () -> versions(cluster));
    }

    /** The versions as both ports show them. */
    static Pages.Versions versions(Cluster cluster) {
        String version = cluster.view().version();
        return version == null
                ? new Pages.Versions(EtcdVersion.SERVER, "not_decided", "unknown")
                : new Pages.Versions(EtcdVersion.SERVER, version, cluster.view().storageVersion());
    }
}
