package dev.cairn.server.v2.admin;

/** Immutable. Why a change of users or roles is refused, in etcd's words. */
record AuthRefusal(int status, String message) {
    private static final int BAD_REQUEST = 400;
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;
    private static final int CONFLICT = 409;

    static AuthRefusal badRequest(String reason) {
        return new AuthRefusal(BAD_REQUEST, "auth: " + reason);
    }

    static AuthRefusal forbidden(String reason) {
        return new AuthRefusal(FORBIDDEN, "auth: " + reason);
    }

    static AuthRefusal notFound(String reason) {
        return new AuthRefusal(NOT_FOUND, "auth: " + reason);
    }

    static AuthRefusal conflict(String reason) {
        return new AuthRefusal(CONFLICT, "auth: " + reason);
    }
}
