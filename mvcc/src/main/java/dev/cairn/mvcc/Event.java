package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * One change of one key, as watchers see it. Made once by the apply loop and shared by every watcher. Immutable.
 *
 * @param delete whether the key was deleted; otherwise it was put
 * @param key the key
 * @param revision when it happened
 * @param keyValue the encoded {@code mvccpb.KeyValue} of the event: all fields for a put, key and mod revision for a delete
 * @param previous the revision that held the key's value before this main revision; null when the key did not exist then, and for a put that makes it anew
 */
public record Event(
        boolean delete,
        ByteString key,
        Revision revision,
        ByteString keyValue,
        @Nullable Revision previous) {}
