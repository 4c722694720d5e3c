package dev.cairn.it.tls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: every global flag of etcdctl means the same at our server as at etcd's, over TLS with client certificates and with users. Method:
 * a table of command lines; exit codes and both outputs are equal once identities, addresses and times are masked. That no flag
 * is forgotten is checked against the tool's own list.
 */
@Tag("client")
@Timeout(600)
class EtcdctlFlagsTest {
    private static final Pattern LISTED = Pattern.compile("(?m)^ +(?:-., )?--([a-z-]+)");

    @TempDir
    Path directory;

    /** A command line; {@code @name} stands for a file, {@code TARGET} for the address, {@code TLS} for what a good client gives. */
    private static final List<String> TABLE = List.of(
            "TLS --user=root:pw put k v",
            "TLS --user=root --password=pw put k v",
            "TLS --user=root --password=wrong put k v",
            "TLS --user=nobody:pw get k",
            "TLS --user=root: get k",
            "TLS --user=alice:pw get k",
            "TLS --user=alice:pw put k v",
            "TLS --user=alice:pw get other",
            "TLS --password=pw get k",
            "TLS get k",
            "TLS --auth-jwt-token=abc get k",
            "TLS --auth-jwt-token=abc --user=root:pw get k",
            "TLS --user=root:pw --hex put x y",
            "TLS --user=root:pw --hex get x",
            "TLS --user=root:pw -w simple get x",
            "TLS --user=root:pw -w json get x",
            "TLS --user=root:pw -w fields get x",
            "TLS --user=root:pw -w table get x",
            "TLS --user=root:pw -w table endpoint health",
            "TLS --user=root:pw -w nonsense get x",
            "TLS --user=root:pw --write-out=json --hex get x",
            "TLS --user=root:pw --command-timeout=10s get k",
            "TLS --user=root:pw --command-timeout=1ns get k",
            "TLS --user=root:pw --command-timeout=x get k",
            "TLS --user=root:pw --dial-timeout=10s get k",
            "TLS --user=root:pw --dial-timeout=x get k",
            "TLS --user=root:pw --keepalive-time=20s --keepalive-timeout=10s get k",
            "TLS --user=root:pw --keepalive-time=x get k",
            "TLS --user=root:pw --max-request-bytes=1 put k value",
            "TLS --user=root:pw --max-request-bytes=1000 put k value",
            "TLS --user=root:pw --max-recv-bytes=1 get k",
            "TLS --user=root:pw --max-recv-bytes=100000 get k",
            "TLS --user=root:pw --max-recv-bytes=-1 get k",
            "TLS --user=root:pw --debug get k",
            "TLS --user=root:pw --insecure-transport=false get k",
            "TLS --user=root:pw --insecure-transport=true get k",
            "TLS --user=root:pw --insecure-discovery=false get k",
            "TLS --user=root:pw --insecure-discovery=true get k",
            "TLS --user=root:pw --discovery-srv= get k",
            "TLS --user=root:pw --discovery-srv=nowhere.invalid get k",
            "TLS --user=root:pw --discovery-srv=nowhere.invalid --discovery-srv-name=x get k",
            "TLS --user=root:pw --discovery-srv-name=x get k",
            "--endpoints=https://TARGET,https://TARGET --cacert=@ca --cert=@client.crt --key=@client.key --user=root:pw get k",
            "--endpoints=https://TARGET --cacert=@ca --cert=@client.crt --key=@client.key --user=root:pw get k",
            "--endpoints=http://TARGET --cacert=@ca --cert=@client.crt --key=@client.key --user=root:pw --command-timeout=2s get k",
            "--endpoints=TARGET --user=root:pw --command-timeout=2s get k",
            "--endpoints=TARGET --insecure-transport=false --user=root:pw --command-timeout=2s get k",
            "--endpoints=TARGET --insecure-skip-tls-verify --user=root:pw --command-timeout=2s get k",
            "--endpoints=TARGET --insecure-skip-tls-verify --insecure-transport=false --cert=@client.crt --key=@client.key --user=root:pw get k",
            "--endpoints=TARGET --cacert=@ca --user=root:pw --command-timeout=2s get k",
            "--endpoints=TARGET --cacert=@other --cert=@client.crt --key=@client.key --user=root:pw --command-timeout=2s get k",
            "--endpoints=TARGET --cacert=@missing --cert=@client.crt --key=@client.key --user=root:pw get k",
            "--endpoints=TARGET --cacert=@client.key --cert=@client.crt --key=@client.key --user=root:pw --command-timeout=2s get k",
            "--endpoints=TARGET --cacert=@ca --cert=@client.crt --user=root:pw --command-timeout=2s get k",
            "--endpoints=TARGET --cacert=@ca --cert=@missing --key=@client.key --user=root:pw get k",
            "--endpoints=TARGET --cacert=@ca --cert=@client.crt --key=@missing --user=root:pw get k",
            "--endpoints=TARGET --cacert=@ca --cert=@client.crt --key=@other.key --user=root:pw get k",
            "--endpoints=TARGET --cacert=@ca --cert=@other.crt --key=@other.key --user=root:pw --command-timeout=2s get k",
            "--endpoints= --cacert=@ca get k",
            "TLS --user=root:pw user list",
            "TLS --user=root:pw role get reader",
            "TLS --user=root:pw auth status",
            "TLS --user=alice:pw user list",
            "TLS --user=alice:pw member list");

    @Test
    void shouldMeanTheSameWithEveryGlobalFlag() throws GeneralSecurityException, IOException {
        Authority authority = new Authority();
        authority.write(file("ca"));
        new Authority("others").write(file("other"));
        Authority.write(
                authority.issue("EC", Authority.Use.SERVER, "server", "localhost", "127.0.0.1"),
                file("cert"),
                file("key"));
        // A name of no user, so that passwords and tokens decide.
        Authority.write(authority.issue("EC", Authority.Use.CLIENT, "guest"), file("client.crt"), file("client.key"));
        Authority.write(
                new Authority("others").issue("EC", Authority.Use.CLIENT, "root"),
                file("other.crt"),
                file("other.key"));
        try (TlsDuel duel = TlsDuel.secure(
                directory,
                "--cert-file=" + file("cert"),
                "--key-file=" + file("key"),
                "--client-cert-auth",
                "--trusted-ca-file=" + file("ca"),
                "--bcrypt-cost=4")) {
            for (String step : List.of(
                    "user add root:pw",
                    "user grant-role root root",
                    "user add alice:pw",
                    "role add reader",
                    "role grant-permission reader read k",
                    "user grant-role alice reader",
                    "put k v",
                    "auth enable")) {
                assertThat(duel.same(step, server -> run(server, "TLS " + step, Map.of())))
                        .as(step)
                        .startsWith("0\n");
            }
            for (String line : TABLE) {
                duel.same(line, server -> run(server, line, Map.of()));
            }
            // The variables mean the same as the flags.
            Map<String, String> variables = Map.of(
                    "ETCDCTL_CACERT", file("ca").toString(),
                    "ETCDCTL_CERT", file("client.crt").toString(),
                    "ETCDCTL_KEY", file("client.key").toString(),
                    "ETCDCTL_USER", "alice:pw",
                    "ETCDCTL_WRITE_OUT", "json");
            assertThat(duel.same("variables", server -> run(server, "--endpoints=TARGET get k", variables)))
                    .startsWith("0\n");
            duel.check();
            String options = Command.run(List.of(Programs.real("etcdctl").toString(), "options"), TlsDuel.LIMIT)
                    .success();
            Matcher listed = LISTED.matcher(options);
            List<String> missing = new ArrayList<>();
            String all = String.join(" ", TABLE) + " --cacert= --cert= --key= --endpoints= --write-out=";
            while (listed.find()) {
                if (!all.contains("--" + listed.group(1))) {
                    missing.add(listed.group(1));
                }
            }
            assertThat(missing).as("global flags that the table leaves out").isEmpty();
        }
    }

    private Path file(String name) {
        return directory.resolve(name);
    }

    private String run(ServerProcess server, String line, Map<String, String> environment) {
        List<String> command = new ArrayList<>(List.of(Programs.real("etcdctl").toString()));
        String filled = line.replace("TLS ", "--endpoints=TARGET --cacert=@ca --cert=@client.crt --key=@client.key ")
                .replace("TARGET", server.target())
                .replace("@", directory + "/");
        command.addAll(List.of(filled.split(" ")));
        Command.Result result =
                Command.start(command, environment, directory).input("").await(TlsDuel.LIMIT);
        return result.exit() + "\n" + masked(server, result.out()) + lines(masked(server, result.err()));
    }

    /** Attempts are repeated as time allows: which lines there are counts, not how often and in which order. */
    private static String lines(String text) {
        return text.lines()
                // What the tool tells of its own doings with --debug; how far it gets with it is chance.
                .filter(line -> !line.contains("\"level\":\"debug\"")
                        && !line.contains("\"level\":\"info\"")
                        && !line.contains(" INFO: [core] "))
                .collect(Collectors.toCollection(TreeSet::new))
                .toString();
    }

    private static String masked(ServerProcess server, String text) {
        return text.replace(server.target(), "TARGET")
                .replaceAll("\"(cluster_id|member_id|raft_term)\":\\d+", "\"$1\":0")
                .replaceAll("\"(ClusterID|MemberID|RaftTerm)\" : \\d+", "\"$1\" : 0")
                .replaceAll("0x[0-9a-f]+", "0x0")
                .replaceAll("\"ts\":\"[^\"]*\"", "\"ts\":\"\"")
                .replaceAll("\\b\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d\\b", "DATE")
                .replaceAll("127\\.0\\.0\\.1:\\d+->", "LOCAL->")
                .replaceAll("\\d+(\\.\\d+)?(ms|\u00b5s|s)\\b", "0s")
                .replaceAll("LocalAddr: '[^']*'", "LocalAddr")
                .replaceAll("\\b[0-9a-f]{15,16}, started", "ID, started")
                .replaceAll("http://127\\.0\\.0\\.1:\\d+", "PEER")
                // Which of the failed attempts was the last, and whether its alert was still read, is a matter of time.
                .replaceAll("latest balancer error: .*", "latest balancer error")
                // Identities in the answer are longer or shorter.
                .replaceAll("larger than max \\(\\d+ vs\\. 1\\)", "larger than max")
                // Columns of tables are as wide as what they hold.
                .replaceAll("\u2500+", "-")
                .replaceAll(" +", " ");
    }
}
