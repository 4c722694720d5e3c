package dev.cairn.server.membership;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.IdSet;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The Raft configuration as the {@code meta} bucket keeps it: JSON with etcd's keys, empty lists left out.
 *
 * <pre>{"voters":[N,...],"learners":[N,...],"auto_leave":false}</pre>
 *
 * <p>It follows from the members: etcd changes them one at a time, so a joint configuration never stands still here.
 */
public final class ConfStateFormat {
    private ConfStateFormat() {}

    public static ByteString encode(Cluster.View view) {
        StringBuilder json = new StringBuilder("{");
        list(json, "voters", view.members().stream().filter(m -> !m.learner()).toList());
        list(json, "learners", view.members().stream().filter(Member::learner).toList());
        return ByteString.copyFromUtf8(json.append("\"auto_leave\":false}").toString());
    }

    /** The same configuration as the Raft core has it. */
    public static ConfState confState(Cluster.View view) {
        return new ConfState(IdSet.of(ids(view, false)), IdSet.of(ids(view, true)), IdSet.EMPTY, IdSet.EMPTY, false);
    }

    private static long[] ids(Cluster.View view, boolean learners) {
        return view.members().stream()
                .filter(m -> m.learner() == learners)
                .mapToLong(Member::id)
                .toArray();
    }

    private static void list(StringBuilder json, String name, List<Member> members) {
        if (!members.isEmpty()) {
            json.append('"').append(name).append("\":[");
            json.append(members.stream().map(m -> Long.toUnsignedString(m.id())).collect(Collectors.joining(",")));
            json.append("],");
        }
    }
}
