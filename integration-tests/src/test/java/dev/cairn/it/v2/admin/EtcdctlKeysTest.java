package dev.cairn.it.v2.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Users of keys go on with the etcdctl of etcd 3.4: what it prints is what it prints of etcd 3.4. */
@Tag("client")
@Timeout(300)
class EtcdctlKeysTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** Action, key and value. */
    private static final int WATCHED_VARIABLES = 3;

    @TempDir
    Path directory;

    private ServerProcess startReal() {
        return Etcd34Programs.start(directory.resolve("real"));
    }

    private ServerProcess startOurs() {
        ServerProcess ours = ServerProcess.start(Programs.ours(), directory.resolve("ours"));
        boolean served = Exchange.of("GET", "/v2/keys/").send(ours).statusCode() == 200;
        if (!served) {
            ours.close();
        }
        assumeTrue(served, "Skipped: this server does not serve /v2/keys");
        return ours;
    }

    /** Indexes are not those of etcd. */
    private static String withoutIndexes(String text) {
        return text.replaceAll("\\[\\d+\\]", "[INDEX]")
                .replaceAll("/queue/\\d{20}", "/queue/INDEX")
                .replaceAll("(?i)(index\"?: ?)\\d+", "$1INDEX")
                .replaceAll("\\[\\d+ != \\d+\\]", "[INDEX != INDEX]");
    }

    @Test
    void shouldPrintTheSameOfKeysAndDirectories() {
        CtlSession session = CtlSession.of(
                "ls",
                "get /none",
                "set /message Hello",
                "get /message",
                "-o extended get /message",
                "-o json get /message",
                "set --swap-with-value Hello /message Again",
                "set --swap-with-value Hello /message Never",
                "mk /message Hello",
                "mk /new first",
                "mk --in-order /queue one",
                "update /message Updated",
                "update /none x",
                "mkdir /dir",
                "mkdir /dir",
                "setdir /dir",
                "updatedir /dir --ttl 100",
                "updatedir /none",
                "set /dir/a 1",
                "set /dir/b/c 2",
                "set /dir/_hidden 3",
                "set /message/below x",
                "get /dir",
                "ls --sort /",
                "ls --sort /dir",
                "ls --sort --recursive /",
                "ls --sort -p --recursive /",
                "ls /none",
                "set /typed < typed value",
                "get --sort /typed",
                "rm /dir",
                "rmdir /dir",
                "rm --recursive /dir",
                "ls --sort --recursive /dir",
                "setdir /empty",
                "rm --dir /empty",
                "rmdir /message",
                "rm --with-value Wrong /message",
                "rm --with-value Updated /message",
                "rm /message",
                "set --ttl 1000 /fleeting x",
                "get /fleeting",
                "set /quorum x",
                "get --quorum /quorum");
        try (ServerProcess real = startReal();
                ServerProcess ours = startOurs()) {
            session.compare(real, ours, EtcdctlKeysTest::withoutIndexes);
        }
    }

    @Test
    void shouldSeeTheSameChanges() {
        try (ServerProcess real = startReal();
                ServerProcess ours = startOurs()) {
            assertThat(watched(ours)).containsExactlyElementsOf(watched(real));
        }
    }

    /** What one watch of each kind prints of changes that come after it, and of changes that came before. */
    private static List<String> watched(ServerProcess server) {
        List<String> seen = new ArrayList<>();
        // From an index on, so that it does not matter when the watch begins.
        for (String[] watch : new String[][] {
            {"watch --after-index AFTER /w/key", "set /w/key v1"},
            {"watch --recursive --after-index AFTER /w", "set /w/deep/er v2"},
            {"watch --recursive --after-index AFTER /w", "rm /w/deep/er"},
            {"-o extended watch --after-index AFTER /w/key", "update /w/key v3"},
            {
                // Debian's build takes the key from the end.
                "exec-watch --recursive --after-index AFTER sh -c 'env | grep ETCD_WATCH_ | grep -v MODIFIED | sort' /w",
                "set /w/key v4"
            },
        }) {
            CtlSession.run(server, "set /other x", "").success();
            String index = Exchange.of("GET", "/v2/keys/other")
                    .send(server)
                    .headers()
                    .firstValue("x-etcd-index")
                    .orElseThrow();
            Command waiting = CtlSession.start(server, watch[0].replace("AFTER", index));
            CtlSession.run(server, watch[1], "").success();
            if (watch[0].startsWith("exec-watch")) {
                // It goes on until it is stopped.
                seen.add(waiting.awaitLines(WATCHED_VARIABLES, LIMIT));
                waiting.kill();
            } else {
                seen.add(withoutIndexes(waiting.input("").await(LIMIT).success()));
            }
        }
        return seen;
    }

    @Test
    void shouldKeepWhatRolesKeepInEtcd() {
        CtlSession session = CtlSession.of(
                "set /dev/a 1",
                "set /ops/a 1",
                "user add root:rp",
                "user add bob:pw",
                "role add dev",
                "role grant dev --path /dev/* --readwrite",
                "role grant dev --path /ops/a --read",
                "user grant bob --roles dev",
                "auth enable",
                "get /dev/a",
                "--username root:rp role revoke guest --path /* --readwrite",
                "get /dev/a",
                "set /dev/a 2",
                "ls /",
                "--username bob:pw get /dev/a",
                "--username bob:pw set /dev/a 2",
                "--username bob:pw set /dev/deep/er 2",
                "--username bob:pw ls --sort /dev/",
                "--username bob:pw ls --sort --recursive /dev/",
                "--username bob:pw get /ops/a",
                "--username bob:pw set /ops/a 2",
                "--username bob:pw get /else",
                "--username bob:wrong get /dev/a",
                "--username nobody:pw get /dev/a",
                "--username root:rp get /ops/a",
                "--username root:rp ls --sort --recursive /",
                "--username root:rp role grant guest --path /dev/a --read",
                "get /dev/a",
                "set /dev/a 3",
                "--username root:rp auth disable",
                "set /ops/a 4");
        try (ServerProcess real = startReal();
                ServerProcess ours = startOurs()) {
            session.compare(real, ours, EtcdctlKeysTest::withoutIndexes);
        }
    }

    @Test
    void shouldKnowTheClusterIsWell() {
        try (ServerProcess real = startReal();
                ServerProcess ours = startOurs()) {
            CtlSession.of("set /k v", "cluster-health", "member list").compare(real, ours, UnaryOperator.identity());
        }
    }
}
