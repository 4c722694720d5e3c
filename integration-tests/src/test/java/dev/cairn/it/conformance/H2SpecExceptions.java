package dev.cairn.it.conformance;

import java.util.Map;

/**
 * The cases of h2spec that do not pass, by the names of {@link H2Spec#await}, each with its reason. Ours are about requests that a server of
 * gRPC refuses at once, and pass where the same requests are calls; grpc-java's are its own, and why we do not mend them is that they are
 * not ours.
 */
final class H2SpecExceptions {
    private static final String REFUSED =
            "GET is answered with 405 and the end of the stream, before the case comes to what it is about";

    private static final String NO_DATA = "is about the data of an answer, and a refusal has none: h2spec skips it";

    private static final String NO_LENGTH =
            "a request that is not of gRPC's content type is answered with 415 at once, and its data, of whatever length, is not waited for";

    private static final Map<String, String> OURS = Map.of(
            "generic/2, Sends a WINDOW_UPDATE frame on half-closed (remote) stream",
            REFUSED,
            "generic/2, Sends a PRIORITY frame on half-closed (remote) stream",
            REFUSED,
            "http2/5.1.2, Sends HEADERS frames that causes their advertised concurrent stream limit to be exceeded",
            REFUSED,
            "http2/6.5.3, Sends multiple values of SETTINGS_INITIAL_WINDOW_SIZE",
            NO_DATA,
            "http2/6.9.1, Sends SETTINGS frame to set the initial window size to 1 and sends HEADERS frame",
            NO_DATA,
            "http2/6.9.1, Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1"
                    + " on a stream",
            REFUSED,
            "http2/6.9.2, Changes SETTINGS_INITIAL_WINDOW_SIZE after sending HEADERS frame",
            NO_DATA,
            "http2/6.9.2, Sends a SETTINGS frame for window size to be negative",
            NO_DATA,
            "http2/8.1.2.6, Sends a HEADERS frame with the \"content-length\" header field which does not equal the"
                    + " DATA frame payload length",
            NO_LENGTH,
            "http2/8.1.2.6, Sends a HEADERS frame with the \"content-length\" header field which does not equal the"
                    + " sum of the multiple DATA frames payload length",
            NO_LENGTH);

    private static final String ANSWERS_INCOMPLETE =
            "grpc-java does not see that the request is malformed, and answers what it has of it, or never";

    private static final Map<String, String> STOCK = Map.of(
            "http2/5.1, closed: Sends a HEADERS frame",
                    "grpc-java treats it as an error of the stream, where the RFC ends the connection",
            "http2/5.1.1, Sends stream identifier that is numerically smaller than previous",
                    "grpc-java ignores it, where the RFC ends the connection",
            "http2/8.1.2.3, Sends a HEADERS frame with empty \":path\" pseudo-header field", ANSWERS_INCOMPLETE,
            "http2/8.1.2.3, Sends a HEADERS frame that omits \":method\" pseudo-header field", ANSWERS_INCOMPLETE,
            "http2/8.1.2.3, Sends a HEADERS frame that omits \":scheme\" pseudo-header field", ANSWERS_INCOMPLETE,
            "http2/8.1.2.3, Sends a HEADERS frame that omits \":path\" pseudo-header field", ANSWERS_INCOMPLETE);

    /** Which of two things grpc-java has done first decides, and that is a matter of how the bytes came. */
    private static final Map<String, String> STOCK_SOMETIMES = Map.of(
            "generic/2, Sends a RST_STREAM frame on half-closed (remote) stream",
                    "grpc-java measures the connection with a ping of its own, which h2spec takes for the answer to its",
            "http2/5.1, half closed (remote): Sends a HEADERS frame",
                    "grpc-java names another error while its answer is on its way");

    private H2SpecExceptions() {}

    /** @param calls whether the requests are calls */
    static Map<String, String> always(Transport transport, boolean calls) {
        return switch (transport) {
            case OURS -> calls ? Map.of() : OURS;
            case STOCK -> STOCK;
        };
    }

    /** Those that pass or not. */
    static Map<String, String> sometimes(Transport transport) {
        return transport == Transport.STOCK ? STOCK_SOMETIMES : Map.of();
    }
}
