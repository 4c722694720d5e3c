package dev.cairn.server.bootstrap;

import dev.cairn.server.api.StartException;
import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.peer.PeerQuestions;
import dev.cairn.server.version.ServerVersion;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which cluster a member without a log belongs to: the one that {@code --initial-cluster} describes, founded anew or found running.
 * Asks the others what etcd asks them, and refuses in etcd's words. Used by the thread that starts the member; blocks.
 */
final class Founders {
    private static final Logger LOG = LoggerFactory.getLogger(Founders.class);

    /** For members that may not run yet. */
    private static final Duration FOUNDING_LIMIT = Duration.ofSeconds(1);

    private static final Duration JOINING_LIMIT = Duration.ofSeconds(10);
    private static final String OLDEST_CLUSTER = "3.0.0";

    /**
     * A cluster and the place of this member in it.
     *
     * @param members founders in the order of their IDs; those of a running cluster as it described them
     */
    record Membership(Identity identity, List<Member> members) {}

    private final ServerConfig config;
    private final PeerQuestions peers;

    Founders(ServerConfig config, PeerQuestions peers) {
        this.config = config;
        this.peers = peers;
    }

    /** The cluster to found. */
    Membership found() throws StartException, InterruptedException {
        Optional<String> error = config.bootstrapError();
        if (error.isPresent()) {
            throw new StartException(error.get());
        }
        List<Member> members = configured();
        Member self = self(members);
        long clusterId = Identity.clusterId(members.stream().map(Member::id).toList());
        if (isBootstrapped(members, self)) {
            throw new StartException("member " + Identity.hex(self.id()) + " has already been bootstrapped");
        }
        return new Membership(new Identity(clusterId, self.id()), members);
    }

    /** The running cluster to join. */
    Membership join(Duration requestLimit) throws StartException, InterruptedException {
        List<Member> members = configured();
        Member self = self(members);
        PeerQuestions.RemoteCluster existing;
        try {
            existing = peers.cluster(urlsOfOthers(members), JOINING_LIMIT, false);
        } catch (IOException e) {
            throw new StartException("cannot fetch cluster info from peer urls: " + e.getMessage(), e);
        }
        List<Member> matched = match(members, existing.members());
        Member found = self(matched);
        checkVersions(existing.members(), found.id(), requestLimit);
        long learners = existing.members().stream().filter(Member::learner).count();
        if (learners > config.maxLearners()) {
            throw new StartException("membership: too many learner members in cluster");
        }
        LOG.atInfo()
                .setMessage("joining an existing cluster")
                .addKeyValue("cluster-id", Identity.hex(existing.clusterId()))
                .addKeyValue("local-member-id", Identity.hex(found.id()))
                .log();
        return new Membership(new Identity(existing.clusterId(), found.id()), existing.members());
    }

    /** The members that {@code --initial-cluster} names, in the order of the IDs they would found a cluster with. */
    private List<Member> configured() throws StartException {
        Map<String, List<EtcdUrl>> named;
        try {
            named = config.initialClusterMembers();
        } catch (ConfigException e) {
            throw new StartException(e.getMessage(), e);
        }
        List<Member> members = new ArrayList<>();
        Set<String> urls = new HashSet<>();
        boolean duplicate = false;
        for (Map.Entry<String, List<EtcdUrl>> entry : named.entrySet()) {
            List<String> texts = entry.getValue().stream().map(EtcdUrl::text).toList();
            for (String url : texts) {
                duplicate |= !urls.add(url);
            }
            members.add(new Member(
                    Identity.memberId(texts, config.initialClusterToken()), texts, false, entry.getKey(), List.of()));
        }
        if (named.get(config.name()) == null) {
            throw new StartException(
                    "couldn't find local name \"" + config.name() + "\" in the initial cluster configuration");
        }
        if (duplicate) {
            throw new StartException("initial cluster " + text(named) + " has duplicate url");
        }
        members.sort((x, y) -> Long.compareUnsigned(x.id(), y.id()));
        return members;
    }

    private static String text(Map<String, List<EtcdUrl>> named) {
        return named.entrySet().stream()
                .flatMap(entry -> entry.getValue().stream().map(url -> entry.getKey() + "=" + url.text()))
                .sorted()
                .collect(Collectors.joining(","));
    }

    private Member self(List<Member> members) {
        return members.stream()
                .filter(member -> member.name().equals(config.name()))
                .findFirst()
                .orElseThrow();
    }

    private List<String> urlsOfOthers(List<Member> members) {
        return members.stream()
                .filter(member -> !member.name().equals(config.name()))
                .flatMap(member -> member.peerUrls().stream())
                .sorted()
                .toList();
    }

    /** Whether a cluster runs already that knows this member as started: its data directory was lost then. */
    private boolean isBootstrapped(List<Member> members, Member self) throws InterruptedException {
        try {
            return peers.cluster(urlsOfOthers(members), FOUNDING_LIMIT, true).members().stream()
                    .anyMatch(member ->
                            member.id() == self.id() && !member.clientUrls().isEmpty());
        } catch (IOException e) {
            return false;
        }
    }

    /** The configured members under the IDs that the running cluster gave them. */
    private static List<Member> match(List<Member> configured, List<Member> existing) throws StartException {
        if (configured.size() != existing.size()) {
            throw new StartException(refusal(existing, "member count is unequal"));
        }
        List<Member> matched = new ArrayList<>();
        for (Member member : existing) {
            Member same = configured.stream()
                    .filter(candidate -> Set.copyOf(candidate.peerUrls()).equals(Set.copyOf(member.peerUrls())))
                    .findFirst()
                    .orElseThrow(() -> new StartException(refusal(
                            existing,
                            "PeerURLs: no match found for existing member (" + Identity.hex(member.id()) + ", ["
                                    + String.join(" ", member.peerUrls()) + "]), last resolver error (len([\""
                                    + String.join("\" \"", member.peerUrls()) + "\"]) doesn't match)")));
            matched.add(new Member(member.id(), member.peerUrls(), member.learner(), same.name(), List.of()));
        }
        return matched;
    }

    private static String refusal(List<Member> existing, String reason) {
        String members = existing.stream()
                .map(member -> Identity.hex(member.id()) + ":[" + String.join(" ", member.peerUrls()) + "]")
                .collect(Collectors.joining(" "));
        return "error validating peerURLs {" + members + "}: " + reason;
    }

    /** Somebody must run a version that fits, and nobody one that does not. */
    private void checkVersions(List<Member> members, long self, Duration limit)
            throws StartException, InterruptedException {
        List<Member> others =
                members.stream().filter(member -> member.id() != self).toList();
        ServerVersion own = ServerVersion.own();
        ServerVersion highest = own;
        ServerVersion lowest = ServerVersion.require(OLDEST_CLUSTER);
        if (peers.downgradeEnabled(others, limit)) {
            // Only the release from which the cluster goes down to this one may run.
            highest = ServerVersion.require(own.major() + "." + (own.minor() + 1) + ".0");
            lowest = highest;
        }
        boolean fits = false;
        for (Member member : others) {
            PeerQuestions.Versions versions = peers.versions(member, limit);
            ServerVersion cluster = versions == null ? null : ServerVersion.parse(versions.cluster());
            if (cluster == null) {
                continue;
            }
            if (cluster.isOlderThan(lowest) || highest.isOlderThan(cluster)) {
                LOG.atWarn()
                        .setMessage("cluster version of remote member is not compatible; too "
                                + (cluster.isOlderThan(lowest) ? "low" : "high"))
                        .addKeyValue("remote-member-id", Identity.hex(member.id()))
                        .addKeyValue("remote-member-cluster-version", cluster)
                        .log();
                fits = false;
                break;
            }
            fits = true;
        }
        if (!fits) {
            throw new StartException("incompatible with current running cluster");
        }
    }
}
