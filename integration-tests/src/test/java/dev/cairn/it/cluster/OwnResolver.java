package dev.cairn.it.cluster;

import dev.cairn.it.process.Command;
import dev.cairn.testing.dns.NameServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.opentest4j.TestAbortedException;

/**
 * A name server of the test's own, and servers that ask it and no other: each runs in a mount namespace in which the machine's resolver
 * is configured for it. That takes root on Linux; where it is not to be had the test is skipped, and says so.
 */
final class OwnResolver implements AutoCloseable {
    final NameServer server;
    private final Path directory;
    private final Path configuration;

    private OwnResolver(NameServer server, Path directory, Path configuration) {
        this.server = server;
        this.directory = directory;
        this.configuration = configuration;
    }

    static OwnResolver start(Path directory) throws IOException {
        // The whole of 127/8 leads back to this machine, so no other test has the same address.
        ThreadLocalRandom random = ThreadLocalRandom.current();
        String address = "127." + random.nextInt(1, 255) + "." + random.nextInt(1, 255) + "." + random.nextInt(1, 255);
        Path configuration = directory.resolve("resolv.conf");
        Files.writeString(configuration, "nameserver " + address + "\n");
        NameServer server;
        try {
            server = new NameServer(new InetSocketAddress(address, 53));
        } catch (IOException e) {
            throw new TestAbortedException("Skipped: a name server needs port 53: " + e.getMessage(), e);
        }
        OwnResolver resolver = new OwnResolver(server, directory, configuration);
        Command.Result tried =
                Command.run(List.of(resolver.around(Path.of("/bin/true")).toString()), Duration.ofSeconds(30));
        if (tried.exit() != 0) {
            resolver.close();
            throw new TestAbortedException("Skipped: there is no mount namespace to be had: " + tried.err());
        }
        return resolver;
    }

    /**
     * A command that runs the program with this resolver.
     *
     * @param variables of its environment, as the shell takes them
     */
    Path around(Path program, String... variables) throws IOException {
        Path script = Files.createTempFile(
                directory,
                "with-names-",
                ".sh",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(
                script,
                "#!/bin/sh\nexec env " + quoted(variables)
                        + " unshare -m sh -c 'mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"' '" + configuration
                        + "' '" + program + "' \"$@\"\n");
        return script;
    }

    private static String quoted(String... words) {
        return Arrays.stream(words).map(word -> "'" + word + "'").collect(Collectors.joining(" "));
    }

    @Override
    public void close() {
        server.close();
    }
}
