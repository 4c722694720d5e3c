package dev.cairn.mvcc;

import java.io.IOException;

/** What was to be loaded is not what etcd's buckets hold; the message names the bucket and the key. Nothing of it should be used. */
public final class InvalidContentException extends IOException {
    private static final long serialVersionUID = 1L;

    InvalidContentException(String place, String problem) {
        super(place + ": " + problem);
    }

    InvalidContentException(String place, String problem, Throwable cause) {
        super(place + ": " + problem, cause);
    }
}
