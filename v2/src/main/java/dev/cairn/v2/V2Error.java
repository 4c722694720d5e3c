package dev.cairn.v2;

/**
 * A refusal as v2's clients see it. Immutable.
 *
 * @param cause mostly the path at which it failed; left out of the answer when empty
 * @param index the store's revision when that was found out, 0 where the store was not asked
 */
public record V2Error(ErrorCode code, String cause, long index) {
    /** The body of the answer. */
    public String json() {
        StringBuilder json = new StringBuilder("{\"errorCode\":")
                .append(code.number())
                .append(",\"message\":")
                .append(JsonText.quote(code.message()));
        if (!cause.isEmpty()) {
            json.append(",\"cause\":").append(JsonText.quote(cause));
        }
        return json.append(",\"index\":")
                .append(Long.toUnsignedString(index))
                .append("}\n")
                .toString();
    }
}
