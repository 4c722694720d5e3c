package dev.cairn.http2;

import io.grpc.InternalMetadata;
import io.grpc.Metadata;
import io.grpc.internal.TransportFrameUtil;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Headers;
import io.grpc.netty.shaded.io.netty.util.AsciiString;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What a call begins with. Immutable, but for the metadata, which is the call's.
 *
 * @param method the full name, without the leading slash
 * @param authority whom the client means to talk to; null if it does not say
 * @param encoding of the messages; null for none
 * @param timeoutNanos what the client gives the call; negative for no limit
 * @param contentLength of all data together; negative if the client does not say
 * @param metadata all headers that have a meaning for services
 */
record RequestHead(
        String method,
        @Nullable String authority,
        @Nullable String encoding,
        long timeoutNanos,
        long contentLength,
        Metadata metadata) {
    private static final AsciiString CONTENT_LENGTH = AsciiString.cached("content-length");
    private static final AsciiString GRPC = AsciiString.cached("application/grpc");
    private static final AsciiString TE = AsciiString.cached("te");
    private static final int TIMEOUT_DIGITS_MAX = 8;

    /** The client asked for something that is not a call; it is answered with a status of HTTP. */
    static final class NotACall extends Exception {
        private static final long serialVersionUID = 1;
        private static final int METHOD_NOT_ALLOWED = 405;
        private static final int UNSUPPORTED_MEDIA_TYPE = 415;
        private static final int BAD_REQUEST = 400;

        private final int httpStatus;

        NotACall(int httpStatus, String what) {
            super(what, null, false, false);
            this.httpStatus = httpStatus;
        }

        int httpStatus() {
            return httpStatus;
        }
    }

    /**
     * @throws Violation when HTTP/2 does not allow such headers
     * @throws NotACall when HTTP does, but not gRPC
     */
    static RequestHead of(int stream, Http2Headers headers) throws Violation, NotACall {
        CharSequence path = headers.path();
        CharSequence method = headers.method();
        if (path == null || path.length() == 0 || method == null || headers.scheme() == null) {
            throw Violation.ofStream(stream, Http2.PROTOCOL_ERROR, "a request without a method, a scheme or a path");
        }
        if (!AsciiString.contentEquals("POST", method)) {
            throw new NotACall(
                    NotACall.METHOD_NOT_ALLOWED,
                    "http2Server.operateHeaders parsed a :method field \"" + method + "\" which should be POST");
        }
        CharSequence type = headers.get("content-type");
        if (type == null || !isGrpc(type)) {
            throw new NotACall(
                    NotACall.UNSUPPORTED_MEDIA_TYPE,
                    "invalid gRPC request content-type \"" + (type == null ? "" : type) + "\"");
        }
        CharSequence te = headers.get(TE);
        if (te != null && !AsciiString.contentEqualsIgnoreCase("trailers", te)) {
            throw Violation.ofStream(stream, Http2.PROTOCOL_ERROR, "the header te may only speak of trailers");
        }
        if (path.charAt(0) != '/') {
            throw new NotACall(NotACall.BAD_REQUEST, "malformed method name: \"" + path + "\"");
        }
        CharSequence encoding = headers.get("grpc-encoding");
        CharSequence timeout = headers.get("grpc-timeout");
        CharSequence authority = headers.authority() == null ? headers.get("host") : headers.authority();
        return new RequestHead(
                path.subSequence(1, path.length()).toString(),
                authority == null ? null : authority.toString(),
                encoding == null ? null : encoding.toString(),
                timeout == null ? -1 : nanos(timeout),
                contentLength(stream, headers),
                metadata(headers));
    }

    private static boolean isGrpc(CharSequence type) {
        int length = GRPC.length();
        return type.length() >= length
                && AsciiString.regionMatches(type, true, 0, GRPC, 0, length)
                && (type.length() == length || type.charAt(length) == '+' || type.charAt(length) == ';');
    }

    private static long contentLength(int stream, Http2Headers headers) throws Violation {
        CharSequence length = headers.get(CONTENT_LENGTH);
        if (length == null) {
            return -1;
        }
        try {
            long value = Long.parseLong(length.toString());
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw Violation.ofStream(stream, Http2.PROTOCOL_ERROR, "the header content-length is not a length");
    }

    private static long nanos(CharSequence timeout) throws NotACall {
        int digits = timeout.length() - 1;
        TimeUnit unit = digits < 1 ? null : unit(timeout.charAt(digits));
        if (unit == null || digits > TIMEOUT_DIGITS_MAX) {
            throw malformed(timeout);
        }
        long value = 0;
        for (int i = 0; i < digits; i++) {
            char digit = timeout.charAt(i);
            if (digit < '0' || digit > '9') {
                throw malformed(timeout);
            }
            value = value * 10 + digit - '0';
        }
        // Saturates, and so does what has to be added to it.
        return Math.min(unit.toNanos(value), Long.MAX_VALUE / 2);
    }

    private static NotACall malformed(CharSequence timeout) {
        return new NotACall(NotACall.BAD_REQUEST, "malformed grpc-timeout: \"" + timeout + "\"");
    }

    private static @Nullable TimeUnit unit(char letter) {
        return switch (letter) {
            case 'n' -> TimeUnit.NANOSECONDS;
            case 'u' -> TimeUnit.MICROSECONDS;
            case 'm' -> TimeUnit.MILLISECONDS;
            case 'S' -> TimeUnit.SECONDS;
            case 'M' -> TimeUnit.MINUTES;
            case 'H' -> TimeUnit.HOURS;
            default -> null;
        };
    }

    private static Metadata metadata(Http2Headers headers) {
        byte[][] pairs = new byte[2 * headers.size()][];
        int used = 0;
        for (Map.Entry<CharSequence, CharSequence> header : headers) {
            CharSequence name = header.getKey();
            if (name.charAt(0) != ':' && !TE.contentEquals(name)) {
                pairs[used++] = bytes(name);
                pairs[used++] = bytes(header.getValue());
            }
        }
        byte[][] raw =
                TransportFrameUtil.toRawSerializedHeaders(used == pairs.length ? pairs : Arrays.copyOf(pairs, used));
        return InternalMetadata.newMetadata(raw);
    }

    /** What came from the wire is kept as bytes already, and metadata only reads them. */
    private static byte[] bytes(CharSequence text) {
        AsciiString ascii = AsciiString.of(text);
        return ascii.isEntireArrayUsed() ? ascii.array() : ascii.toByteArray();
    }
}
