package dev.cairn.server.api;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.TextFormat;
import dev.cairn.proto.etcdserverpb.Compare;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.RequestOp;
import dev.cairn.proto.etcdserverpb.TxnRequest;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Requests as log lines show them: keys and numbers, but no values, passwords or tokens, of which at most the size or the owner is
 * told. Stateless; only for what is slow anyway.
 */
public final class RequestText {
    private static final TextFormat.Printer PRINTER = TextFormat.printer().emittingSingleLine(true);

    /** A line that is longer helps nobody, and a transaction may hold megabytes of keys. */
    private static final int CHARS_MAX = 16 << 10;

    private RequestText() {}

    public static String of(InternalRaftRequest request) {
        String header = "header:<" + print(request.getHeader()) + "> ";
        if (request.hasPut()) {
            return bounded(header + "put:<" + put(request.getPut()) + ">");
        }
        if (request.hasTxn()) {
            return bounded(header + "txn:<" + txn(request.getTxn()) + ">");
        }
        if (request.hasLeaseGrant()) {
            return String.format(
                    Locale.ROOT,
                    "%slease_grant:<ttl:%d-second id:%016x>",
                    header,
                    request.getLeaseGrant().getTTL(),
                    request.getLeaseGrant().getID());
        }
        if (request.hasLeaseRevoke()) {
            return String.format(
                    Locale.ROOT,
                    "%slease_revoke:<id:%016x>",
                    header,
                    request.getLeaseRevoke().getID());
        }
        if (request.hasAuthenticate()) {
            return header + "authenticate:<name:" + request.getAuthenticate().getName() + ">";
        }
        if (request.hasAuthUserAdd()) {
            return header + "auth_user_add:<name:" + request.getAuthUserAdd().getName() + ">";
        }
        if (request.hasAuthUserChangePassword()) {
            return header + "auth_user_change_password:<name:"
                    + request.getAuthUserChangePassword().getName() + ">";
        }
        return bounded(print(request));
    }

    /** A request without secrets, or a put or transaction without its values. */
    public static String of(MessageLite request) {
        if (request instanceof PutRequest put) {
            return bounded(put(put));
        }
        if (request instanceof TxnRequest txn) {
            return bounded(txn(txn));
        }
        return request instanceof MessageOrBuilder message ? bounded(print(message)) : "";
    }

    private static String put(PutRequest put) {
        return "key:" + quote(put.getKey())
                + " value_size:" + put.getValue().size()
                + (put.getLease() == 0 ? "" : " lease:" + put.getLease())
                + (put.getPrevKv() ? " prev_kv:true" : "")
                + (put.getIgnoreValue() ? " ignore_value:true" : "")
                + (put.getIgnoreLease() ? " ignore_lease:true" : "");
    }

    private static String txn(TxnRequest txn) {
        return "compare:<" + join(txn.getCompareList(), RequestText::compare) + "> success:<"
                + join(txn.getSuccessList(), RequestText::operation) + "> failure:<"
                + join(txn.getFailureList(), RequestText::operation) + ">";
    }

    private static String compare(Compare compare) {
        if (compare.getTargetUnionCase() != Compare.TargetUnionCase.VALUE) {
            return print(compare);
        }
        return "result:" + compare.getResult() + " target:" + compare.getTarget() + " key:" + quote(compare.getKey())
                + " value_size:" + compare.getValue().size()
                + (compare.getRangeEnd().isEmpty() ? "" : " range_end:" + quote(compare.getRangeEnd()));
    }

    private static String operation(RequestOp operation) {
        return switch (operation.getRequestCase()) {
            case REQUEST_PUT -> "request_put:<" + put(operation.getRequestPut()) + ">";
            case REQUEST_TXN -> "request_txn:<" + txn(operation.getRequestTxn()) + ">";
            default -> print(operation);
        };
    }

    private static <T> String join(List<T> parts, Function<T, String> text) {
        return parts.stream().map(text).collect(Collectors.joining(" "));
    }

    private static String print(MessageOrBuilder message) {
        return PRINTER.printToString(message).trim();
    }

    private static String quote(ByteString bytes) {
        return '"' + TextFormat.escapeBytes(bytes) + '"';
    }

    private static String bounded(String text) {
        return text.length() <= CHARS_MAX ? text : text.substring(0, CHARS_MAX) + "...";
    }
}
