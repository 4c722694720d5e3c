package dev.cairn.server.install;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.LeaseAttachments;

/** No lease exists. */
final class NoLeases implements LeaseAttachments {
    @Override
    public boolean exists(long lease) {
        return false;
    }

    @Override
    public void attach(long lease, ByteString key) {}

    @Override
    public void detach(long lease, ByteString key) {}
}
