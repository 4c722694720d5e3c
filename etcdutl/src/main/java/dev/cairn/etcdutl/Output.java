package dev.cairn.etcdutl;

import java.util.Arrays;

/** How an answer is written: the choices of {@code --write-out}. */
enum Output {
    SIMPLE,
    TABLE,
    JSON,
    FIELDS;

    /** @throws CommandException in etcd's words when there is no such choice, or none for this tool's answers */
    static Output of(String text) throws CommandException {
        if (text.equals("protobuf")) {
            throw new CommandException("protobuf not supported as output format", CommandException.BAD_FEATURE);
        }
        return Arrays.stream(values())
                .filter(each -> each.name().toLowerCase(java.util.Locale.ROOT).equals(text))
                .findFirst()
                .orElseThrow(() -> new CommandException("unsupported output format", CommandException.BAD_FEATURE));
    }
}
