package dev.cairn.http2;

import java.nio.charset.StandardCharsets;

/** The numbers of HTTP/2, as RFC 9113 names them. */
final class Http2 {
    static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    static final int FRAME_HEADER_BYTES = 9;
    static final int MIN_FRAME_BYTES_MAX = 1 << 14;
    static final int MAX_FRAME_BYTES_MAX = (1 << 24) - 1;
    static final int INITIAL_WINDOW = 65_535;
    static final int WINDOW_MAX = Integer.MAX_VALUE;
    static final int STREAM_ID_MASK = Integer.MAX_VALUE;

    /** Types of frames. */
    static final int DATA = 0;

    static final int HEADERS = 1;
    static final int PRIORITY = 2;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PUSH_PROMISE = 5;
    static final int PING = 6;
    static final int GOAWAY = 7;
    static final int WINDOW_UPDATE = 8;
    static final int CONTINUATION = 9;

    /** Flags; the acknowledgement and the end of the stream share a bit. */
    static final int END_STREAM = 0x1;

    static final int ACK = 0x1;
    static final int END_HEADERS = 0x4;
    static final int PADDED = 0x8;
    static final int PRIORITY_FLAG = 0x20;

    /** Settings. */
    static final int SETTINGS_ENABLE_PUSH = 2;

    static final int SETTINGS_MAX_CONCURRENT_STREAMS = 3;
    static final int SETTINGS_INITIAL_WINDOW_SIZE = 4;
    static final int SETTINGS_MAX_FRAME_SIZE = 5;
    static final int SETTINGS_MAX_HEADER_LIST_SIZE = 6;
    static final int SETTING_BYTES = 6;

    /** Lengths of payloads that have only one. */
    static final int PRIORITY_BYTES = 5;

    static final int RST_STREAM_BYTES = 4;
    static final int WINDOW_UPDATE_BYTES = 4;
    static final int PING_BYTES = 8;
    static final int GOAWAY_BYTES_MIN = 8;

    /** Errors. */
    static final int NO_ERROR = 0;

    static final int PROTOCOL_ERROR = 1;
    static final int INTERNAL_ERROR = 2;
    static final int FLOW_CONTROL_ERROR = 3;
    static final int STREAM_CLOSED = 5;
    static final int FRAME_SIZE_ERROR = 6;
    static final int REFUSED_STREAM = 7;
    static final int CANCEL = 8;
    static final int COMPRESSION_ERROR = 9;
    static final int ENHANCE_YOUR_CALM = 11;

    private Http2() {}
}
