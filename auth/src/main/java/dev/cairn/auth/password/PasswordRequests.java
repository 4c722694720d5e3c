package dev.cairn.auth.password;

import com.google.protobuf.ByteString;
import dev.cairn.auth.AuthException;
import dev.cairn.proto.etcdserverpb.AuthUserAddRequest;
import dev.cairn.proto.etcdserverpb.AuthUserChangePasswordRequest;
import java.util.Base64;

/**
 * What happens to requests with passwords before they are proposed: the hash takes the password's place, so that the log never
 * holds it and all members store the same. Works on the caller's thread, for as long as a hash takes.
 */
public final class PasswordRequests {
    private PasswordRequests() {}

    /**
     * A user without a password given has the empty one, unless the request says that there is none.
     *
     * @throws AuthException PASSWORD_TOO_LONG
     */
    public static AuthUserAddRequest hashed(AuthUserAddRequest request, PasswordHasher hasher) throws AuthException {
        if (request.getOptions().getNoPassword()) {
            return request.toBuilder().clearPassword().build();
        }
        return request.toBuilder()
                .setHashedPassword(base64(hasher.hash(request.getPassword())))
                .clearPassword()
                .build();
    }

    /**
     * Where no password is given, a hash may be; with neither, no password matches any more.
     *
     * @throws AuthException PASSWORD_TOO_LONG
     */
    public static AuthUserChangePasswordRequest hashed(AuthUserChangePasswordRequest request, PasswordHasher hasher)
            throws AuthException {
        if (request.getPassword().isEmpty()) {
            return request;
        }
        return request.toBuilder()
                .setHashedPassword(base64(hasher.hash(request.getPassword())))
                .clearPassword()
                .build();
    }

    private static String base64(ByteString hash) {
        return Base64.getEncoder().encodeToString(hash.toByteArray());
    }
}
