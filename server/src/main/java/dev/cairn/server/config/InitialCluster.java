package dev.cairn.server.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The notation of a cluster's members with their peer URLs: {@code name=url} pairs separated by commas. Stateless. */
public final class InitialCluster {
    private InitialCluster() {}

    /**
     * The peer URLs of each member; a name that comes several times has several.
     *
     * @throws ConfigException what is wrong with a URL
     */
    public static Map<String, List<EtcdUrl>> parse(String text) throws ConfigException {
        Map<String, String> texts = new LinkedHashMap<>();
        for (String pair : text.split(",", -1)) {
            if (pair.isEmpty()) {
                continue;
            }
            int equals = pair.indexOf('=');
            String member = equals < 0 ? pair : pair.substring(0, equals);
            String url = equals < 0 ? "" : pair.substring(equals + 1);
            texts.merge(member, url, (some, more) -> some + "," + more);
        }
        Map<String, List<EtcdUrl>> members = new LinkedHashMap<>();
        for (Map.Entry<String, String> entry : texts.entrySet()) {
            members.put(entry.getKey(), EtcdUrl.parseList(entry.getValue()));
        }
        return members;
    }

    /** The members as text, in the order of names and URLs. */
    public static String text(Map<String, List<EtcdUrl>> members) {
        return members.entrySet().stream()
                .flatMap(entry -> entry.getValue().stream().map(url -> entry.getKey() + "=" + url.text()))
                .sorted()
                .collect(Collectors.joining(","));
    }
}
