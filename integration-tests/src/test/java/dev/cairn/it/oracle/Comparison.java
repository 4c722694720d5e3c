package dev.cairn.it.oracle;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import dev.cairn.proto.etcdserverpb.AlarmResponse;
import dev.cairn.proto.etcdserverpb.AuthenticateResponse;
import dev.cairn.proto.etcdserverpb.LeaseTimeToLiveResponse;
import dev.cairn.proto.etcdserverpb.Member;
import dev.cairn.proto.etcdserverpb.MemberListResponse;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeRequest.SortTarget;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.ResponseHeader;
import dev.cairn.proto.etcdserverpb.ResponseOp;
import dev.cairn.proto.etcdserverpb.StatusResponse;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import dev.cairn.proto.etcdserverpb.TxnResponse;
import dev.cairn.proto.mvccpb.KeyValue;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Says whether two servers answered the same. Stateless.
 *
 * <p>Everything counts, unknown fields and error texts included, except what the contract leaves open:
 * <ul>
 *   <li>cluster id, member id and raft term of a header: only whether they are there; so too IDs and URLs of members,
 *       tokens, and the sizes and places in the log that a status tells;
 *   <li>the seconds that a lease has left: two may pass between the two calls;
 *   <li>the order of the keys of a lease;
 *   <li>the order among keys with equal sort values, and so also which of them a limit cuts off.
 * </ul>
 */
final class Comparison {
    private static final long TTL_TOLERANCE_SECONDS = 2;
    private static final Comparator<ByteString> BYTES = ByteString.unsignedLexicographicalComparator();

    private Comparison() {}

    /** The first difference between two outcomes of a call, as a path and two values. */
    static Optional<String> difference(Call call, Outcome ours, Outcome real) {
        if (!ours.status().equals(real.status())) {
            return Optional.of("status: \"" + ours.status() + "\" instead of \"" + real.status() + "\"");
        }
        if (ours.messages().size() != real.messages().size()) {
            return Optional.of("number of messages: " + ours.messages().size() + " instead of "
                    + real.messages().size());
        }
        for (int i = 0; i < real.messages().size(); i++) {
            Message a = canonical(call.request(), ours.messages().get(i));
            Message b = canonical(call.request(), real.messages().get(i));
            if (a instanceof LeaseTimeToLiveResponse left && b instanceof LeaseTimeToLiveResponse right) {
                a = withTolerance(left, right);
            }
            Optional<String> difference = difference("", a, b);
            if (difference.isPresent()) {
                return difference;
            }
        }
        return Optional.empty();
    }

    /** The first difference between two messages. */
    static Optional<String> difference(String path, Message ours, Message real) {
        if (ours.equals(real)) {
            return Optional.empty();
        }
        if (!ours.getUnknownFields().equals(real.getUnknownFields())) {
            return Optional.of(
                    path + ".(unknown fields): " + ours.getUnknownFields() + " instead of " + real.getUnknownFields());
        }
        if (ours.getDescriptorForType() != real.getDescriptorForType()) {
            return Optional.of(path + ": another type of message: " + ours + " instead of " + real);
        }
        TreeSet<FieldDescriptor> fields = new TreeSet<>(ours.getAllFields().keySet());
        fields.addAll(real.getAllFields().keySet());
        for (FieldDescriptor field : fields) {
            String at = path.isEmpty() ? field.getName() : path + "." + field.getName();
            Object a = ours.getField(field);
            Object b = real.getField(field);
            if (field.isRepeated()) {
                List<?> left = (List<?>) a;
                List<?> right = (List<?>) b;
                if (left.size() != right.size()) {
                    return Optional.of(at + ": " + left.size() + " elements instead of " + right.size());
                }
                for (int i = 0; i < right.size(); i++) {
                    Optional<String> found = difference(at + "[" + i + "]", left.get(i), right.get(i));
                    if (found.isPresent()) {
                        return found;
                    }
                }
            } else if (field.hasPresence() && ours.hasField(field) != real.hasField(field)) {
                return Optional.of(at + ": " + (ours.hasField(field) ? "present" : "absent") + " instead of "
                        + (real.hasField(field) ? "present" : "absent"));
            } else {
                Optional<String> found = difference(at, a, b);
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return Optional.of(path + ": " + ours + " instead of " + real);
    }

    private static Optional<String> difference(String path, Object ours, Object real) {
        if (ours.equals(real)) {
            return Optional.empty();
        }
        if (ours instanceof Message a && real instanceof Message b) {
            return difference(path, a, b);
        }
        return Optional.of(path + ": " + text(ours) + " instead of " + text(real));
    }

    private static String text(Object value) {
        return Call.shorten(
                value instanceof ByteString bytes ? '"' + TextFormat.escapeBytes(bytes) + '"' : value.toString());
    }

    /** The message with 1 in place of what identifies cluster, member and term. */
    static Message withoutIdentity(Message message) {
        Message.Builder builder = message.toBuilder();
        for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
            FieldDescriptor field = entry.getKey();
            if (field.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
                continue;
            }
            if (field.isRepeated()) {
                List<?> values = (List<?>) entry.getValue();
                for (int i = 0; i < values.size(); i++) {
                    builder.setRepeatedField(field, i, withoutIdentity((Message) values.get(i)));
                }
            } else if (entry.getValue() instanceof ResponseHeader header) {
                builder.setField(
                        field,
                        header.toBuilder()
                                .setClusterId(known(header.getClusterId()))
                                .setMemberId(known(header.getMemberId()))
                                .setRaftTerm(known(header.getRaftTerm()))
                                .build());
            } else {
                builder.setField(field, withoutIdentity((Message) entry.getValue()));
            }
        }
        return builder.build();
    }

    private static Message canonical(Message request, Message response) {
        Message bare = withoutIdentity(response);
        if (request instanceof RangeRequest range && bare instanceof RangeResponse answer) {
            return ordered(range, answer);
        }
        if (request instanceof TxnRequest txn && bare instanceof TxnResponse answer) {
            return ordered(txn, answer);
        }
        if (bare instanceof AuthenticateResponse answer) {
            return answer.toBuilder()
                    .setToken(answer.getToken().isEmpty() ? "" : "token")
                    .build();
        }
        if (bare instanceof StatusResponse answer) {
            return answer.toBuilder()
                    .setDbSize(known(answer.getDbSize()))
                    .setDbSizeInUse(known(answer.getDbSizeInUse()))
                    .setLeader(known(answer.getLeader()))
                    .setRaftIndex(known(answer.getRaftIndex()))
                    .setRaftAppliedIndex(known(answer.getRaftAppliedIndex()))
                    .setRaftTerm(known(answer.getRaftTerm()))
                    .clearErrors()
                    .addAllErrors(answer.getErrorsList().stream()
                            .map(text ->
                                    text.replaceAll("memberID:\\d+", "memberID").replaceAll("\\s+", " "))
                            .toList())
                    .build();
        }
        if (bare instanceof MemberListResponse answer) {
            MemberListResponse.Builder members = answer.toBuilder().clearMembers();
            answer.getMembersList().forEach(member -> members.addMembers(anonymous(member)));
            return members.build();
        }
        if (bare instanceof AlarmResponse answer) {
            AlarmResponse.Builder alarms = answer.toBuilder();
            alarms.getAlarmsBuilderList().forEach(alarm -> alarm.setMemberID(known(alarm.getMemberID())));
            return alarms.build();
        }
        if (bare instanceof LeaseTimeToLiveResponse answer) {
            List<ByteString> keys = new ArrayList<>(answer.getKeysList());
            keys.sort(BYTES);
            return answer.toBuilder().clearKeys().addAllKeys(keys).build();
        }
        return bare;
    }

    /** 1 for an ID or a number that is there, 0 for none. */
    private static int known(long value) {
        return value == 0 ? 0 : 1;
    }

    private static Member anonymous(Member member) {
        return member.toBuilder()
                .setID(known(member.getID()))
                .clearPeerURLs()
                .addAllPeerURLs(Collections.nCopies(member.getPeerURLsCount(), "peer"))
                .clearClientURLs()
                .addAllClientURLs(Collections.nCopies(member.getClientURLsCount(), "client"))
                .build();
    }

    private static Message withTolerance(LeaseTimeToLiveResponse ours, LeaseTimeToLiveResponse real) {
        boolean bothLive = ours.getTTL() > 0 && real.getTTL() > 0;
        return bothLive && Math.abs(ours.getTTL() - real.getTTL()) <= TTL_TOLERANCE_SECONDS
                ? ours.toBuilder().setTTL(real.getTTL()).build()
                : ours;
    }

    private static TxnResponse ordered(TxnRequest request, TxnResponse response) {
        List<RequestOp> ops = response.getSucceeded() ? request.getSuccessList() : request.getFailureList();
        if (ops.size() != response.getResponsesCount()) {
            return response;
        }
        TxnResponse.Builder builder = response.toBuilder();
        for (int i = 0; i < ops.size(); i++) {
            ResponseOp answer = response.getResponses(i);
            if (ops.get(i).hasRequestRange() && answer.hasResponseRange()) {
                builder.setResponses(
                        i,
                        ResponseOp.newBuilder(answer)
                                .setResponseRange(ordered(ops.get(i).getRequestRange(), answer.getResponseRange())));
            } else if (ops.get(i).hasRequestTxn() && answer.hasResponseTxn()) {
                builder.setResponses(
                        i,
                        ResponseOp.newBuilder(answer)
                                .setResponseTxn(ordered(ops.get(i).getRequestTxn(), answer.getResponseTxn())));
            }
        }
        return builder.build();
    }

    /** Puts keys with equal sort values into key order, and blanks those that a limit may have chosen freely. */
    private static RangeResponse ordered(RangeRequest request, RangeResponse response) {
        if (request.getSortTarget() == SortTarget.KEY || response.getKvsCount() == 0) {
            return response;
        }
        List<KeyValue> all = response.getKvsList();
        List<KeyValue> result = new ArrayList<>();
        for (int from = 0; from < all.size(); ) {
            int to = from + 1;
            while (to < all.size() && sortValue(request, all.get(to)).equals(sortValue(request, all.get(from)))) {
                to++;
            }
            List<KeyValue> equal = new ArrayList<>(all.subList(from, to));
            if (to == all.size() && response.getMore()) {
                KeyValue blank = onlySortValue(request, all.get(from));
                equal.replaceAll(kv -> blank);
            } else {
                equal.sort((a, b) -> BYTES.compare(a.getKey(), b.getKey()));
            }
            result.addAll(equal);
            from = to;
        }
        return response.toBuilder().clearKvs().addAllKvs(result).build();
    }

    /** What the answer shows of the value that it was sorted by; with keys only that may be nothing. */
    private static Object sortValue(RangeRequest request, KeyValue kv) {
        return switch (request.getSortTarget()) {
            case VERSION -> kv.getVersion();
            case CREATE -> kv.getCreateRevision();
            case MOD -> kv.getModRevision();
            case VALUE -> kv.getValue();
            case KEY, UNRECOGNIZED -> kv.getKey();
        };
    }

    private static KeyValue onlySortValue(RangeRequest request, KeyValue kv) {
        KeyValue.Builder blank = KeyValue.newBuilder();
        switch (request.getSortTarget()) {
            case VERSION -> blank.setVersion(kv.getVersion());
            case CREATE -> blank.setCreateRevision(kv.getCreateRevision());
            case MOD -> blank.setModRevision(kv.getModRevision());
            case VALUE -> blank.setValue(kv.getValue());
            case KEY, UNRECOGNIZED -> blank.setKey(kv.getKey());
        }
        return blank.build();
    }
}
