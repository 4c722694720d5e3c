package dev.cairn.server.config;

/** A setting that cannot be used; the message is the text an operator reads. */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String reason;

    public ConfigException(String reason) {
        super(reason);
        this.reason = reason;
    }

    @Override
    public String getMessage() {
        return reason;
    }
}
