package dev.cairn.server.version;

import dev.cairn.server.api.EtcdVersion;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A release as the cluster tells them apart: by major and minor number. Immutable.
 *
 * @param major never negative
 * @param minor never negative
 */
public record ServerVersion(long major, long minor) {
    /** What a cluster works as while a member's release is unknown and none was decided before. */
    public static final ServerVersion OLDEST = new ServerVersion(3, 0);

    private static final String IDENTIFIERS = "[0-9A-Za-z.-]*";
    /** A semantic version; what stands behind the patch number does not count. */
    private static final Pattern SEMANTIC =
            Pattern.compile("(\\d{1,18})\\.(\\d{1,18})\\.\\d{1,18}(-" + IDENTIFIERS + ")?(\\+" + IDENTIFIERS + ")?");

    /** The release that this server stands for. */
    public static ServerVersion own() {
        return require(EtcdVersion.SERVER);
    }

    /** Reads {@code 3.6.1}, with or without a pre-release; null when the text is no such version. */
    public static @Nullable ServerVersion parse(String text) {
        Matcher matcher = SEMANTIC.matcher(text);
        return matcher.matches()
                ? new ServerVersion(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)))
                : null;
    }

    /** Reads what an operator may write: {@code 3.6} as well; null when it is no version. */
    public static @Nullable ServerVersion parseShort(String text) {
        ServerVersion full = parse(text);
        return full != null ? full : parse(text + ".0");
    }

    /** Reads a version that was decided before. */
    public static ServerVersion require(String text) {
        ServerVersion version = parse(text);
        if (version == null) {
            throw new IllegalStateException("not a version: " + text);
        }
        return version;
    }

    public boolean isOlderThan(ServerVersion other) {
        return major < other.major || (major == other.major && minor < other.minor);
    }

    /** Whether a cluster of this version may be downgraded to the other: the minor release right before. */
    public boolean mayDowngradeTo(ServerVersion target) {
        return target.major == major && target.minor == minor - 1;
    }

    /** {@code 3.6}: how clients are told the version. */
    public String shortText() {
        return major + "." + minor;
    }

    /** {@code 3.6.0}: how the log and the store have it. */
    @Override
    public String toString() {
        return shortText() + ".0";
    }
}
