package dev.cairn.server.bootstrap;

import dev.cairn.server.api.StartException;
import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.EtcdUrl;
import dev.cairn.server.config.InitialCluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.names.Names;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The cluster that is founded on a snapshot, and this member's place in it. Each member restores for itself, with the same flags but for
 * its name and URLs, and all come to the same IDs. Immutable.
 *
 * @param members in the order of their IDs; none is a learner
 */
public record RestoredCluster(Identity identity, List<Member> members) {
    /**
     * Looks up names of hosts where the texts of URLs differ.
     *
     * @param name this member's, as {@code --name} has it
     * @param initialCluster as the flag of this name
     * @param token as {@code --initial-cluster-token}
     * @param advertised as {@code --initial-advertise-peer-urls}
     * @throws ConfigException what is wrong with a URL
     * @throws StartException what does not fit together; both in etcd's words
     */
    public static RestoredCluster of(String name, String initialCluster, String token, String advertised, Names names)
            throws ConfigException, StartException, InterruptedException {
        List<EtcdUrl> told = new ArrayList<>();
        for (String url : advertised.split(",", -1)) {
            told.add(EtcdUrl.parse(url));
        }
        Map<String, List<EtcdUrl>> named = InitialCluster.parse(initialCluster);
        List<EtcdUrl> own = named.get(name);
        if (own == null) {
            throw new StartException("couldn't find local name \"" + name + "\" in the initial cluster configuration");
        }
        Optional<String> error = AdvertisedUrls.error(name, own, told, new PeerUrlComparison(names));
        if (error.isPresent()) {
            throw new StartException(error.get());
        }
        Set<String> urls = new HashSet<>();
        if (named.values().stream().flatMap(List::stream).anyMatch(url -> !urls.add(url.text()))) {
            throw new StartException("initial cluster " + InitialCluster.text(named) + " has duplicate url");
        }
        List<Member> members = new ArrayList<>();
        named.forEach((memberName, places) -> {
            List<String> texts = places.stream().map(EtcdUrl::text).toList();
            members.add(new Member(Identity.memberId(texts, token), texts, false, memberName, List.of()));
        });
        members.sort((x, y) -> Long.compareUnsigned(x.id(), y.id()));
        long self = members.stream()
                .filter(member -> member.name().equals(name))
                .findFirst()
                .orElseThrow()
                .id();
        long cluster = Identity.clusterId(members.stream().map(Member::id).toList());
        return new RestoredCluster(new Identity(cluster, self), List.copyOf(members));
    }
}
