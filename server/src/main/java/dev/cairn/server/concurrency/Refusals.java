package dev.cairn.server.concurrency;

import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.server.api.EtcdError;
import io.grpc.Status;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How errors of inner calls are told. In etcd they pass through a client of its own, which keeps the text of every error it
 * knows and loses the code. Immutable.
 */
final class Refusals {
    private static final Set<String> KNOWN =
            Arrays.stream(EtcdError.values()).map(EtcdError::message).collect(Collectors.toUnmodifiableSet());

    /** What stands between code and text where a status was made one text. */
    private static final String TEXT_OF_STATUS = " desc = ";

    private Refusals() {}

    /** A member that stops is told as such: its clients go to another one by that code. */
    static Status ofInner(Status inner) {
        String text = inner.getDescription();
        if (text == null || !KNOWN.contains(text) || text.equals(EtcdError.STOPPED.message())) {
            return inner;
        }
        return Status.UNKNOWN.withDescription(text);
    }

    /** A watch that was refused gives its reason as a text, in which a code of its own may stand in front. */
    static Status ofWatch(WatchResponse refused) {
        String text = refused.getCancelReason();
        int begin = text.indexOf(TEXT_OF_STATUS);
        return Status.UNKNOWN.withDescription(begin < 0 ? text : text.substring(begin + TEXT_OF_STATUS.length()));
    }
}
