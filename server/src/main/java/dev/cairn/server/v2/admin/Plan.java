package dev.cairn.server.v2.admin;

import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.server.http.HttpAnswer;
import java.util.List;

/**
 * Immutable. What a request comes to.
 *
 * @param changes of users and roles, to be carried out one after the other; none where the request is refused or changes nothing
 * @param answer when all of them have been
 */
record Plan(List<InternalRaftRequest.Builder> changes, HttpAnswer answer) {
    static Plan refuse(AuthRefusal refusal) {
        return refuse(Replies.refusal(refusal));
    }

    static Plan refuse(HttpAnswer answer) {
        return new Plan(List.of(), answer);
    }
}
