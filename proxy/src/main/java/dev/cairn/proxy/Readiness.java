package dev.cairn.proxy;

import dev.cairn.server.systemd.ServiceManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells who started the process that it serves, with etcd's lines in the log. Stateless; called by main. */
final class Readiness {
    private static final Logger LOG = LoggerFactory.getLogger(Readiness.class);

    private Readiness() {}

    /** What fails is logged and changes nothing. */
    static void tell() {
        LOG.info("notifying init daemon");
        String failure = ServiceManager.tellReady(System.getenv());
        if (failure == null) {
            LOG.info("successfully notified init daemon");
        } else {
            LOG.atError()
                    .setMessage("failed to notify systemd for readiness")
                    .addKeyValue("error", failure)
                    .log();
        }
    }
}
