package dev.cairn.it.v2.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Administrators go on with the etcdctl of etcd 3.4: what it prints is what it prints of etcd 3.4. */
@Tag("client")
@Timeout(300)
class EtcdctlAdminTest {
    @TempDir
    Path directory;

    @Test
    void shouldPrintTheSameOfUsersRolesAndMembers() {
        CtlSession session = CtlSession.of(
                "member list",
                "cluster-health",
                "member update 1234 http://127.0.0.1:5",
                "member remove 1234",
                "user list",
                "role list",
                "user add bob:pw",
                "user add bob:pw",
                "user get alice",
                "user passwd bob < new",
                "role add dev",
                "role add dev",
                "role get dev",
                "role grant dev --path /dev/* --readwrite",
                "role grant dev --path /x --read",
                "role grant dev --path /x --write",
                "role get dev",
                "role grant dev --path /x --read",
                "role revoke dev --path /x --read",
                "role get dev",
                "role revoke dev --path /x --readwrite",
                "role revoke dev --path /never --readwrite",
                "user grant bob --roles dev",
                "user grant bob --roles dev",
                "user get bob",
                "user revoke bob --roles dev",
                "user revoke bob --roles dev",
                "user get bob",
                "user get nobody",
                "role get nobody",
                "role remove nobody",
                "user remove nobody",
                "role list",
                "user list",
                "auth enable",
                "user add root:rp",
                "auth enable",
                "auth enable",
                "user list",
                "--username root:rp user list",
                "--username root:bad user list",
                "--username bob:new user list",
                "--username root:rp role get guest",
                "--username root:rp role revoke guest --path /* --readwrite",
                "--username root:rp role get guest",
                "--username root:rp user remove root",
                "cluster-health",
                "auth disable",
                "--username root:rp auth disable",
                "role list",
                "user remove bob",
                "user list",
                "role remove dev",
                "role list",
                "member update ID http://127.0.0.1:5",
                "member list",
                "member remove ID");
        try (ServerProcess real = Etcd34Programs.start(directory.resolve("real"));
                ServerProcess ours = ServerProcess.start(Programs.ours(), directory.resolve("ours"))) {
            session.compare(real, ours, UnaryOperator.identity());
            // With the second member both lose their quorum, as neither is ever started; what is printed lists members
            // by chance.
            for (ServerProcess server : new ServerProcess[] {real, ours}) {
                Command.Result added = CtlSession.run(server, "member add n2 http://127.0.0.1:1", "");
                assertThat(added.success())
                        .containsPattern("Added member named n2 with ID [0-9a-f]+ to cluster")
                        .contains("ETCD_NAME=\"n2\"")
                        .contains("n2=http://127.0.0.1:1")
                        .contains("default=http://127.0.0.1:5")
                        .contains("ETCD_INITIAL_CLUSTER_STATE=\"existing\"");
            }
        }
    }
}
