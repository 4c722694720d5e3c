package dev.cairn.server.membership;

import com.google.gson.stream.JsonWriter;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The content of a {@code .snap} file: the membership as a tree of etcd's former v2 store, in JSON. Cairn reads its own
 * membership from its tables; the tree is written for etcd's tools, and for an etcd that takes over the data directory.
 *
 * <pre>
 *  /0/members/&lt;id&gt;/raftAttributes   {"peerURLs":[...],"isLearner":true}
 *  /0/members/&lt;id&gt;/attributes       {"name":"...","clientURLs":[...]}
 *  /0/removed_members/&lt;id&gt;           removed
 *  /0/version                        3.7.0
 *  /1                                (empty)
 * </pre>
 *
 * The indexes and statistics of the tree are those of a store that was never used: nothing reads them.
 */
public final class V2StoreFormat {
    private static final String NEVER = "0001-01-01T00:00:00Z";
    private static final int HISTORY_CAPACITY = 1000;
    private static final int STORE_VERSION = 2;

    private V2StoreFormat() {}

    public static ByteString encode(Cluster.View view) {
        Map<String, Object> members = new LinkedHashMap<>();
        for (Member member : view.members()) {
            members.put(
                    Identity.hex(member.id()),
                    Map.of("attributes", attributes(member), "raftAttributes", raftAttributes(member)));
        }
        Map<String, Object> removed = new LinkedHashMap<>();
        view.removed().stream().sorted(Long::compareUnsigned).forEach(id -> removed.put(Identity.hex(id), "removed"));
        Map<String, Object> cluster = new LinkedHashMap<>();
        cluster.put("members", members);
        if (!removed.isEmpty()) {
            cluster.put("removed_members", removed);
        }
        String version = view.version();
        if (version != null) {
            cluster.put("version", version);
        }
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("0", cluster);
        root.put("1", Map.of());
        return ByteString.copyFromUtf8(json(out -> {
            out.beginObject().name("Root");
            node(out, "/", root);
            out.name("WatcherHub").beginObject().name("EventHistory").beginObject();
            out.name("Queue").beginObject();
            out.name("Events").nullValue();
            out.name("Size").value(0).name("Front").value(0).name("Back").value(0);
            out.name("Capacity").value(HISTORY_CAPACITY).endObject();
            out.name("StartIndex").value(0).name("LastIndex").value(0);
            out.endObject().endObject();
            out.name("CurrentIndex").value(0);
            out.name("Stats").beginObject().endObject();
            out.name("CurrentVersion").value(STORE_VERSION).endObject();
        }));
    }

    /** Writes a directory (a map) or a file (a text) and all below it. */
    private static void node(JsonWriter out, String path, Object content) throws IOException {
        out.beginObject().name("Path").value(path);
        out.name("CreatedIndex").value(0).name("ModifiedIndex").value(0);
        out.name("ExpireTime").value(NEVER);
        out.name("Value").value(content instanceof String text ? text : "");
        out.name("Children");
        if (content instanceof Map<?, ?> children) {
            out.beginObject();
            for (Map.Entry<?, ?> child : children.entrySet()) {
                out.name((String) child.getKey());
                node(out, (path.equals("/") ? "" : path) + "/" + child.getKey(), child.getValue());
            }
            out.endObject();
        } else {
            out.nullValue();
        }
        out.endObject();
    }

    private static String attributes(Member member) {
        return json(out -> {
            out.beginObject();
            if (!member.name().isEmpty()) {
                out.name("name").value(member.name());
            }
            MemberFormat.urls(out, "clientURLs", member.clientUrls());
            out.endObject();
        });
    }

    private static String raftAttributes(Member member) {
        return json(out -> {
            out.beginObject();
            MemberFormat.urls(out, "peerURLs", member.peerUrls());
            if (member.learner()) {
                out.name("isLearner").value(true);
            }
            out.endObject();
        });
    }

    private interface Content {
        void write(JsonWriter out) throws IOException;
    }

    private static String json(Content content) {
        StringWriter text = new StringWriter();
        try (JsonWriter out = new JsonWriter(text)) {
            out.setSerializeNulls(true);
            content.write(out);
        } catch (IOException e) {
            throw new IllegalStateException("a string takes all that is written", e);
        }
        return text.toString();
    }
}
