package dev.cairn.server.config;

import java.util.Locale;

/** What this server says it is. Clients choose features by the server version, so it is the version of etcd that Cairn follows. */
public final class Release {
    /** The etcd release whose behaviour is provided. */
    public static final String ETCD_VERSION = "3.7.1";

    private Release() {}

    /** The four lines of {@code --version}, in etcd's form. */
    static String versionText() {
        return "etcd Version: " + ETCD_VERSION + "\nGit SHA: " + gitSha() + "\nGo Version: " + runtimeVersion()
                + "\nGo OS/Arch: " + operatingSystem() + "/" + architecture() + "\n";
    }

    /** The commit this was built from as far as the packager told. */
    public static String gitSha() {
        String version = Release.class.getPackage().getImplementationVersion();
        return version == null ? "Not provided (Cairn)" : "Not provided (Cairn " + version + ")";
    }

    /** The runtime, where etcd names its Go version. */
    public static String runtimeVersion() {
        return "java" + System.getProperty("java.version", "");
    }

    /** The operating system in Go's words. */
    public static String operatingSystem() {
        String name = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        return name.startsWith("mac") ? "darwin" : name.startsWith("windows") ? "windows" : name;
    }

    /** The processor architecture in Go's words. */
    public static String architecture() {
        String name = System.getProperty("os.arch", "");
        return switch (name) {
            case "x86_64", "amd64" -> "amd64";
            case "aarch64" -> "arm64";
            default -> name;
        };
    }
}
