package dev.cairn.it.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A member's log as etcd's own reader finds it. */
public record EtcdLog(long snapshotIndex, long lastIndex, long term, long commit) {
    /** Reads the log of a server that is not running; fails where etcd would. */
    public static EtcdLog read(Path dataDirectory) {
        Command.Result result = Command.run(
                List.of(
                        Programs.real("wal").toString(),
                        "read",
                        dataDirectory.resolve("member/wal").toString()),
                Duration.ofSeconds(60));
        long[] numbers = List.of(result.success().strip().split(" ")).stream()
                .mapToLong(Long::parseLong)
                .toArray();
        EtcdLog log = new EtcdLog(numbers[0], numbers[1], numbers[2], numbers[3]);
        assertThat(log.commit()).as("%s", log).isBetween(log.snapshotIndex(), log.lastIndex());
        return log;
    }
}
