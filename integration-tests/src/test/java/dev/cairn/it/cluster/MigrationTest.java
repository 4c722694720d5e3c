package dev.cairn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.load.Load;
import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.testing.Seed;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the way of {@code docs/migration.md} works while clients go on: from etcd to us in place, member by member, and back, in place or by
 * replacing a member. Method: clients and watchers that know all three endpoints, and the check of all that they were told: no call failed but for
 * reasons that pass, no write is lost, no event is left out, told twice or out of order.
 */
@Tag("cluster")
@Timeout(600)
class MigrationTest {
    /** What happens between two steps. */
    private static final int ANSWERS = 200;

    /** So short a log that who joins gets the store. */
    private static final List<String> FLAGS = List.of("--snapshot-count=100", "--snapshot-catchup-entries=20");

    @TempDir
    Path directory;

    @Test
    void shouldMigrateToUsAndBackUnderLoad() {
        long seed = Seed.choose();
        try (Group group = Group.found(directory, FLAGS, Group.real(), Group.real(), Group.real());
                Load load = Load.start(group.targets(), seed)) {
            load.awaitMore(ANSWERS, Group.LIMIT);
            for (int i = 0; i < 3; i++) {
                takeOver(group, i);
                load.awaitService(i, Group.LIMIT);
                load.awaitMore(ANSWERS, Group.LIMIT);
            }
            group.makeLeader(0);
            load.awaitMore(ANSWERS, Group.LIMIT);
            for (int i = 0; i < 3; i++) {
                // Of ours, as long as another one is left.
                group.makeLeader((i + 1) % 3);
                if (i == 1) {
                    replaceByEtcd(group, i);
                } else {
                    giveBack(group, i);
                }
                load.awaitService(i, Group.LIMIT);
                load.awaitMore(ANSWERS, Group.LIMIT);
            }
            System.out.println(load.finish(Group.LIMIT));
            assertThat(load.longestFailing()).isLessThan(Group.LIMIT);
            group.awaitEqualStores();
        } catch (AssertionError e) {
            throw new AssertionError("the same clients again: -Dcairn.seed=" + seed, e);
        }
    }

    /** The same name, flags, addresses and data directory: only the program is another. */
    private static void takeOver(Group group, int member) {
        assertThat(group.member(member).terminate(Duration.ofSeconds(30))).isIn(0, 143);
        group.member(member).withProgram(Group.ours());
        group.start(member);
        assertThat(group.member(member).logTail()).contains("taking over the data directory");
    }

    /** The same again, behind a command for the data directory. */
    private static void giveBack(Group group, int member) {
        ServerProcess server = group.member(member);
        assertThat(server.terminate(Duration.ofSeconds(30))).isIn(0, 143);
        Command.run(
                        List.of(
                                Programs.repository().resolve("bin/etcdutl").toString(),
                                "export",
                                "--data-dir=" + server.dataDirectory()),
                        Group.LIMIT)
                .success();
        server.withProgram(Group.real());
        group.start(member);
    }

    /** The member leaves, and an etcd without data joins at the same addresses. */
    private static void replaceByEtcd(Group group, int member) {
        int asked = (member + 1) % 3;
        group.changeUntilDone(asked, "member", "remove", group.id(member));
        assertThat(group.member(member).awaitEnd(Group.LIMIT)).isZero();
        group.changeUntilDone(
                asked,
                "member",
                "add",
                "m" + member,
                "--peer-urls=" + group.member(member).peerUrl());
        group.member(member)
                .withProgram(Group.real())
                .withoutData()
                .withFlags(group.flags(member, "existing", FLAGS.toArray(String[]::new)));
        group.start(member);
        assertThat(List.of(group.member(member).logTail().split("\n")))
                .anyMatch(line -> line.contains("receiving database snapshot"));
    }
}
