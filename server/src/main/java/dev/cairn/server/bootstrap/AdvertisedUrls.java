package dev.cairn.server.bootstrap;

import dev.cairn.server.config.EtcdUrl;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** A founder has to be in the initial cluster at the places that it advertises. Stateless; a comparison may block. */
final class AdvertisedUrls {
    private AdvertisedUrls() {}

    /** What is wrong, in etcd's words; nothing when both lists lead to the same places. */
    static Optional<String> error(
            String name, List<EtcdUrl> configured, List<EtcdUrl> advertised, PeerUrlComparison comparison)
            throws InterruptedException {
        List<String> there = texts(configured);
        List<String> told = texts(advertised);
        Optional<String> difference = comparison.difference(told, there);
        if (difference.isEmpty()) {
            return difference;
        }
        String reason = " (" + difference.get() + ")";
        List<String> untold = without(there, told);
        if (!untold.isEmpty()) {
            return Optional.of("--initial-cluster has " + named(name, untold)
                    + " but missing from --initial-advertise-peer-urls=" + String.join(",", told) + reason);
        }
        // Both texts show what is advertised, where one would expect the initial cluster; tools match them.
        List<String> absent = without(told, there);
        if (!absent.isEmpty()) {
            return Optional.of("--initial-advertise-peer-urls has " + String.join(",", absent)
                    + " but missing from --initial-cluster=" + named(name, told));
        }
        return Optional.of("failed to resolve " + String.join(",", told) + " to match --initial-cluster="
                + named(name, told) + reason);
    }

    private static List<String> texts(List<EtcdUrl> urls) {
        return urls.stream().map(EtcdUrl::text).sorted().toList();
    }

    private static List<String> without(List<String> all, List<String> some) {
        List<String> left = new ArrayList<>(all);
        left.removeAll(some);
        return left;
    }

    private static String named(String name, List<String> urls) {
        return urls.stream().map(url -> name + "=" + url).collect(Collectors.joining(","));
    }
}
