package dev.cairn.server.discovery;

import dev.cairn.server.config.DiscoveryUrl;
import dev.cairn.server.config.ServerConfig;
import org.slf4j.Logger;

/** What the log says to an operator whose member found no cluster through a URL of the v2 API, in etcd 3.4's words. Stateless. */
public final class DiscoveryAdvice {
    private static final String NEW_TOKEN = "do not reuse discovery token; generate a new one to bootstrap a cluster";

    private DiscoveryAdvice() {}

    /** @param failure with a {@link V2Registry.Failed} as its cause, where the service has answered */
    public static void write(Logger log, ServerConfig config, DiscoveryUrl discovery, Exception failure) {
        V2Registry.Reason reason =
                failure.getCause() instanceof V2Registry.Failed failed ? failed.reason() : V2Registry.Reason.OTHER;
        if (reason == V2Registry.Reason.FULL && discovery.wantsProxy()) {
            log.atWarn()
                    .setMessage("discovery cluster is full, and there is no v2 proxy to fall back to")
                    .addKeyValue("fallback-proxy", "proxy")
                    .log();
        }
        switch (reason) {
            case DUPLICATE_ID -> {
                tell(log, "member has been registered with discovery service", discovery, failure);
                log.atWarn()
                        .setMessage("but could not find valid cluster configuration")
                        .addKeyValue("data-dir", config.dataDir())
                        .log();
                log.atWarn().log("check data dir if previous bootstrap succeeded");
                log.atWarn().log("or use a new discovery token if previous bootstrap failed");
            }
            case DUPLICATE_NAME -> {
                tell(log, "member with duplicated name has already been registered", discovery, failure);
                log.atWarn().log("cURL the discovery token URL for details");
                log.atWarn().log(NEW_TOKEN);
            }
            default -> {
                tell(log, "failed to bootstrap; discovery token was already used", discovery, failure);
                log.atWarn().log(NEW_TOKEN);
            }
        }
    }

    private static void tell(Logger log, String message, DiscoveryUrl discovery, Exception failure) {
        log.atWarn()
                .setMessage(message)
                .addKeyValue("discovery-token", discovery.url())
                .addKeyValue("error", failure.getMessage())
                .log();
    }
}
