package dev.cairn.server.bootstrap;

import dev.cairn.server.api.DiscoveryException;
import dev.cairn.server.api.StartException;
import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.DiscoverySettings;
import dev.cairn.server.config.DiscoveryUrl;
import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.config.InitialCluster;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.discovery.Registry;
import dev.cairn.server.discovery.SrvDiscovery;
import dev.cairn.server.discovery.V2Registry;
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
 * Which cluster a member without a log belongs to: the one that {@code --initial-cluster} describes or that is discovered, founded anew or
 * found running.
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
    private final Outside outside;
    private final PeerQuestions peers;

    Founders(ServerConfig config, Outside outside) {
        this.config = config;
        this.outside = outside;
        this.peers = outside.peers();
    }

    /** The cluster to found. */
    Membership found() throws StartException, InterruptedException {
        Map<String, List<EtcdUrl>> named = configured();
        List<EtcdUrl> own = named.get(config.name());
        if (own == null) {
            throw unknownName();
        }
        Optional<String> error = AdvertisedUrls.error(
                config.name(), own, config.initialAdvertisePeerUrls(), new PeerUrlComparison(outside.names()));
        if (error.isPresent()) {
            throw new StartException(error.get());
        }
        List<Member> members = members(named);
        Member self = self(members);
        if (isBootstrapped(members, self)) {
            throw new StartException("member " + Identity.hex(self.id()) + " has already been bootstrapped");
        }
        if (discovers()) {
            members = discovered(self.id(), named);
        }
        long clusterId = Identity.clusterId(members.stream().map(Member::id).toList());
        return new Membership(new Identity(clusterId, self.id()), members);
    }

    private boolean discovers() {
        return config.discovery().isPresent() || config.discoveryUrl().isPresent();
    }

    /** The founders that registered at the discovery service, this one among them. */
    private List<Member> discovered(long self, Map<String, List<EtcdUrl>> own)
            throws StartException, InterruptedException {
        Optional<DiscoverySettings> service = config.discovery();
        Map<String, List<EtcdUrl>> found;
        try {
            String text = InitialCluster.text(own);
            if (service.isPresent()) {
                LOG.info("Bootstrapping cluster using v3 discovery.");
                text = Registry.join(service.get(), outside.loops(), self, text);
            } else {
                LOG.info("Bootstrapping cluster using v2 discovery.");
                text = V2Registry.join(config.discoveryUrl().orElseThrow(), self, text);
            }
            found = InitialCluster.parse(text);
        } catch (Registry.Failed | V2Registry.Failed e) {
            throw new DiscoveryException(String.valueOf(e.getMessage()), e);
        } catch (ConfigException e) {
            throw new DiscoveryException("discovery: invalid peer URL", e);
        }
        if (hasDuplicate(found)) {
            throw new StartException("discovery cluster " + InitialCluster.text(found) + " has duplicate url");
        }
        List<Member> members = inOrder(found);
        if (members.stream().noneMatch(member -> member.id() == self)) {
            // Founders of the same name have become one.
            throw new StartException("discovery cluster " + InitialCluster.text(found)
                    + " does not hold this member as it is; every founder needs a --name of its own");
        }
        return members;
    }

    /** The running cluster to join. */
    Membership join(Duration requestLimit) throws StartException, InterruptedException {
        Map<String, List<EtcdUrl>> named = configured();
        if (named.get(config.name()) == null) {
            throw unknownName();
        }
        List<Member> members = members(named);
        if (discovers()) {
            throw new StartException("discovery URL should not be set when joining existing initial cluster");
        }
        PeerQuestions.RemoteCluster existing;
        try {
            existing = peers.cluster(urlsOfOthers(members), JOINING_LIMIT, false);
        } catch (IOException e) {
            throw new StartException("cannot fetch cluster info from peer urls: " + e.getMessage(), e);
        }
        List<Member> matched = match(members, existing);
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

    /** The members that the flags name, or lead to, with their peer URLs. */
    private Map<String, List<EtcdUrl>> configured() throws StartException {
        if (discovers()) {
            // The others are found later.
            return Map.of(config.name(), config.initialAdvertisePeerUrls());
        }
        try {
            return config.discoverySrv().isEmpty() ? config.initialClusterMembers() : bySrv();
        } catch (ConfigException | SrvDiscovery.NobodyFound e) {
            throw new StartException("error setting up initial cluster: " + e.getMessage(), e);
        }
    }

    private Map<String, List<EtcdUrl>> bySrv() throws StartException, SrvDiscovery.NobodyFound {
        String domain = config.discoverySrv();
        List<String> nodes = new SrvDiscovery(
                        outside.names(),
                        config.name(),
                        domain,
                        config.discoverySrvName(),
                        config.initialAdvertisePeerUrls())
                .nodes();
        String text = String.join(",", nodes);
        if (text.contains("https://") && config.peerTrustedCaFile().isEmpty()) {
            // An authority of everybody's vouches for hosts of anybody's: the members have to be the domain's own.
            outside.expectName().accept(domain);
        }
        Map<String, List<EtcdUrl>> named;
        try {
            named = InitialCluster.parse(text);
        } catch (ConfigException e) {
            named = Map.of();
        }
        if (!nodes.isEmpty() && !named.containsKey(config.name())) {
            throw new StartException("error setting up initial cluster: cannot find local etcd member \""
                    + config.name() + "\" in SRV records");
        }
        return named;
    }

    private StartException unknownName() {
        return new StartException(
                "couldn't find local name \"" + config.name() + "\" in the initial cluster configuration");
    }

    /** The same members, in the order of the IDs they would found a cluster with. */
    private List<Member> members(Map<String, List<EtcdUrl>> named) throws StartException {
        if (hasDuplicate(named)) {
            throw new StartException("initial cluster " + InitialCluster.text(named) + " has duplicate url");
        }
        return inOrder(named);
    }

    private static boolean hasDuplicate(Map<String, List<EtcdUrl>> named) {
        Set<String> urls = new HashSet<>();
        return named.values().stream().flatMap(List::stream).anyMatch(url -> !urls.add(url.text()));
    }

    private List<Member> inOrder(Map<String, List<EtcdUrl>> named) {
        String token = config.discovery()
                .map(DiscoverySettings::token)
                .or(() -> config.discoveryUrl().map(DiscoveryUrl::url))
                .orElse(config.initialClusterToken());
        List<Member> members = new ArrayList<>();
        named.forEach((name, urls) -> {
            List<String> texts = urls.stream().map(EtcdUrl::text).toList();
            members.add(new Member(Identity.memberId(texts, token), texts, false, name, List.of()));
        });
        members.sort((x, y) -> Long.compareUnsigned(x.id(), y.id()));
        return members;
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

    /** The configured members under the IDs that the running cluster gave them, found by their peer URLs. */
    private List<Member> match(List<Member> configured, PeerQuestions.RemoteCluster existing)
            throws StartException, InterruptedException {
        if (configured.size() != existing.members().size()) {
            throw new StartException(refusal(existing, "member count is unequal"));
        }
        PeerUrlComparison comparison = new PeerUrlComparison(outside.names());
        List<Member> matched = new ArrayList<>();
        for (Member member : inOrder(existing.members())) {
            Member same = null;
            String difference = "";
            for (Member candidate : configured) {
                Optional<String> found = comparison.difference(member.peerUrls(), candidate.peerUrls());
                if (found.isEmpty()) {
                    same = candidate;
                    break;
                }
                difference = found.get();
            }
            if (same == null) {
                throw new StartException(refusal(
                        existing,
                        "PeerURLs: no match found for existing member (" + Identity.hex(member.id()) + ", ["
                                + String.join(" ", member.peerUrls()) + "]), last resolver error (" + difference
                                + ")"));
            }
            matched.add(new Member(member.id(), member.peerUrls(), member.learner(), same.name(), List.of()));
        }
        return matched;
    }

    private static List<Member> inOrder(List<Member> members) {
        return members.stream()
                .sorted((x, y) -> Long.compareUnsigned(x.id(), y.id()))
                .toList();
    }

    private static String refusal(PeerQuestions.RemoteCluster existing, String reason) {
        String members = inOrder(existing.members()).stream()
                .map(member -> "&{ID:" + Identity.hex(member.id()) + " RaftAttributes:{PeerURLs:["
                        + String.join(" ", member.peerUrls()) + "] IsLearner:" + member.learner()
                        + "} Attributes:{Name:" + member.name() + " ClientURLs:["
                        + String.join(" ", member.clientUrls()) + "]}}")
                .collect(Collectors.joining(" "));
        return "error validating peerURLs {ClusterID:" + Identity.hex(existing.clusterId()) + " Members:[" + members
                + "] RemovedMemberIDs:[]}: " + reason;
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
