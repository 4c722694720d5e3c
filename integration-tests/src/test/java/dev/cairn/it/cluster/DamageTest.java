package dev.cairn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Goal: a member of a mixed cluster that holds something else than the others is found out, whoever leads, and nobody serves keys until an
 * operator has looked. Method: one value in the database of a stopped etcd is changed so that the file stays sound; our own store would
 * notice such a change when it reads the record.
 */
@Tag("cluster")
@Timeout(180)
class DamageTest {
    private static final int DAMAGED = 2;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldFindTheDamagedMember(boolean oursLeads) throws Exception {
        List<String> checks = List.of("--corrupt-check-time=1s");
        try (Group group = Group.found(directory, checks, Group.ours(), Group.real(), Group.real())) {
            group.client(0).putMany("before-", 50);
            group.awaitEqualStores();
            String id = group.id(DAMAGED);
            group.member(DAMAGED).terminate(Group.LIMIT);
            Path database = group.member(DAMAGED).dataDirectory().resolve("member/snap/db");
            Command.run(List.of(Programs.real("bolt").toString(), "damage", database.toString()), Group.LIMIT)
                    .success();
            group.makeLeader(oursLeads ? 0 : 1);
            group.start(DAMAGED);

            await("the alarm")
                    .atMost(Group.LIMIT)
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(200))
                    .until(() -> group.ctl(0, "alarm", "list").out().contains("memberID"));
            assertThat(Long.toHexString(Long.parseUnsignedLong(
                            group.ctlUntilDone(0, "alarm", "list").replaceAll("(?s)memberID:(\\d+).*", "$1"))))
                    .isEqualTo(id);
            for (int member = 0; member < 3; member++) {
                assertThat(group.ctlUntilDone(member, "alarm", "list"))
                        .as("alarms at m%d", member)
                        .contains("alarm:CORRUPT")
                        .doesNotContain("NOSPACE");
                assertThat(group.ctl(member, "put", "k", "v").err())
                        .as("put at m%d", member)
                        .contains("etcdserver: corrupt cluster");
            }
        }
    }
}
