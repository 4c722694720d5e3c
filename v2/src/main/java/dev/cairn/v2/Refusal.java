package dev.cairn.v2;

/** Carries a refusal out of the parsing of a request. */
final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final String reason;

    Refusal(ErrorCode code, String reason) {
        super(reason, null, false, false);
        this.code = code;
        this.reason = reason;
    }

    V2Error error() {
        return new V2Error(code, reason, 0);
    }
}
