package dev.cairn.server.apply;

import com.google.protobuf.ByteString;
import dev.cairn.auth.AuthStore;
import dev.cairn.auth.LeaseKeys;
import dev.cairn.auth.RequestAuthorizer;
import dev.cairn.auth.UserTokens;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.server.access.TokenProviders;
import java.util.List;

/** The apply side of authentication for tests in which there are no users. */
public final class NoUsers {
    private NoUsers() {}

    public static AuthApplier applier(MvccStore store) {
        LeaseKeys none = new LeaseKeys() {
            @Override
            public List<ByteString> attachedKeys(long lease) {
                return List.of();
            }

            @Override
            public long[] leases() {
                return new long[0];
            }
        };
        return new AuthApplier(
                new AuthStore(store, ByteString::copyFromUtf8, UserTokens.STATELESS),
                new RequestAuthorizer(none),
                TokenProviders.none(),
                store::currentRevision);
    }
}
