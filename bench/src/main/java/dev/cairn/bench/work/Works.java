package dev.cairn.bench.work;

import dev.cairn.bench.load.Keys;
import dev.cairn.bench.load.OpenLoop.Request;
import dev.cairn.bench.load.Requests;
import dev.cairn.bench.process.Setting;
import dev.cairn.bench.work.LoadWork.Steady;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** All works, and what they ought to reach. */
public final class Works {
    private static final int MANY = 1000;
    private static final int MANY_CONNECTIONS = 100;

    private static final List<String> PUT = writes("put");
    private static final List<String> GET = List.of("range", Keys.name(4711));

    private static final Target[] WRITES = {
        Target.ratio(Figures.THROUGHPUT, 2),
        Target.ratio(Figures.CPU, 0.35).stretchedTo(0.2),
        Target.ratio(Figures.P99, 0.7)
    };
    private static final Target[] GETS = {
        Target.ratio(Figures.THROUGHPUT, 1.8),
        Target.ratio(Figures.CPU, 0.3).stretchedTo(0.15),
        Target.ratio(Figures.P99, 0.7)
    };
    private static final Target[] RANGES = {
        Target.ratio(Figures.THROUGHPUT, 2), Target.ratio(Figures.CPU, 0.4), Target.ratio(Figures.P99, 0.6)
    };
    private static final Target[] WATCHES = {
        Target.ratio(Watching.EVENTS, 1.5), Target.ratio(Watching.CPU, 0.4), Target.ratio(Watching.EVENT_P99, 0.6)
    };
    private static final Target[] BEHIND_TLS = {Target.ratio(Figures.THROUGHPUT, 1.5), Target.ratio(Figures.CPU, 0.5)};
    private static final Target[] OF_THREE = {Target.ratio(Figures.THROUGHPUT, 1.8), Target.ratio(Figures.CPU, 0.4)};

    private static final List<Work> ALWAYS = List.of(
            load(
                    Heading.of(
                            "put, 1 client",
                            Group.HOT,
                            Target.ratio(Figures.THROUGHPUT, 1.4),
                            Target.ratio(Figures.CPU, 0.5),
                            Target.ratio(Figures.P50, 0.75),
                            Target.ratio(Figures.P99, 1)),
                    Setting.PLAIN,
                    0,
                    1,
                    1,
                    PUT,
                    500,
                    new Steady(200, Requests.put())),
            load(
                    Heading.of("put, 100 clients", Group.HOT),
                    Setting.PLAIN,
                    0,
                    100,
                    10,
                    PUT,
                    4_000,
                    new Steady(1_000, Requests.put())),
            // As large as what Kubernetes keeps.
            load(
                    Heading.of("put of 10 KiB, 100 clients", Group.HOT),
                    Setting.PLAIN,
                    0,
                    100,
                    10,
                    with(PUT, "--val-size=10240", "--key-space-size=10000"),
                    2_000,
                    null),
            many(Heading.of("put, 1000 clients", Group.HOT, WRITES), Setting.PLAIN, 0, PUT, 2_000, Requests.put()),
            many(
                    Heading.of("txn of one put, 1000 clients", Group.HOT, WRITES),
                    Setting.PLAIN,
                    0,
                    writes("txn-put", "--txn-ops=1"),
                    2_000,
                    Requests.txn()),
            many(
                    Heading.of("txn, reads and puts, 1000 clients", Group.HOT, WRITES),
                    Setting.PLAIN,
                    10_000,
                    writes("txn-mixed", "--limit=1", "--end-key=00000001"),
                    1_000,
                    Requests.txn()),
            many(
                    Heading.of("get, linearizable, 1000 clients", Group.HOT, GETS),
                    Setting.PLAIN,
                    Keys.SPACE,
                    GET,
                    4_000,
                    Requests.get(false)),
            many(
                    Heading.of("get, serializable, 1000 clients", Group.HOT, GETS),
                    Setting.PLAIN,
                    Keys.SPACE,
                    with(GET, "--consistency=s"),
                    4_000,
                    Requests.get(true)),
            getWhileWriting("get while 1000 clients write", Setting.PLAIN),
            getWhileWriting("get while 1000 clients write, slow disk", Setting.SLOW_DISK),
            range("range of 1,000 keys", 1_000, 1_000, 100, false, false),
            range("range of 10,000 keys", 10_000, 100, 10, false, false),
            load(
                    Heading.of("stream of 10,000 keys", Group.RANGES, RANGES),
                    Setting.PLAIN,
                    Keys.SPACE,
                    100,
                    10,
                    with(interval(10_000), "--stream"),
                    50,
                    null),
            range("10,000 keys only", 10_000, 100, 10, true, false, "--keys-only"),
            range("count of 10,000 keys", 10_000, 2_000, 100, false, true, "--count-only"),
            new PagedList(Heading.of("list of 500,000 keys by pages of 500", Group.RANGES, RANGES), 500_000, 500),
            new LargeRanges(
                    Heading.of(
                            "5 ranges of 1 GB in all",
                            Group.RANGES,
                            Target.ours(LargeRanges.PEAK, 200),
                            Target.ours(LargeRanges.MOVED, 1.2)),
                    5,
                    100_000),
            new Watching(Heading.of("watch, 1,000 watchers", Group.WATCH, WATCHES), 1_000, 0, 20, 100),
            new Watching(Heading.of("watch, 10,000 watchers", Group.WATCH, WATCHES), 10_000, 0, 2, 20),
            new Watching(
                    Heading.of("watch, one beside 1,000 that do not read", Group.WATCH, WATCHES),
                    1,
                    1_000,
                    500,
                    20_000),
            many(
                    Heading.of(
                            "lease keep-alive, 1000 clients",
                            Group.LEASES,
                            Target.ratio(Figures.THROUGHPUT, 1.5),
                            Target.ratio(Figures.CPU, 0.35)),
                    Setting.PLAIN,
                    0,
                    List.of("lease-keepalive"),
                    0,
                    null),
            new Leases(
                    Heading.of(
                            "900,000 leases of 20 s",
                            Group.LEASES,
                            Target.ratio(Leases.GRANTS, 1.5),
                            Target.ratio(Figures.CPU, 0.35),
                            Target.ours(Leases.LAG, 1)),
                    900_000,
                    20),
            many(
                    Heading.of("three members: put, 1000 clients", Group.CLUSTER, OF_THREE),
                    Setting.THREE_MEMBERS,
                    0,
                    PUT,
                    1_000,
                    Requests.put()),
            many(
                    Heading.of("three members: get, 1000 clients", Group.CLUSTER, OF_THREE),
                    Setting.THREE_MEMBERS,
                    Keys.SPACE,
                    GET,
                    2_000,
                    Requests.get(false)),
            new FailOver(
                    Heading.of("three members: the leader is killed", Group.CLUSTER, Target.ratio(FailOver.MEDIAN, 1)),
                    6),
            new CatchUp(Heading.of("three members: one has missed 100,000 puts", Group.CLUSTER), 100_000),
            many(
                    Heading.of("TLS: put, 1000 clients", Group.TLS, BEHIND_TLS),
                    Setting.TLS,
                    0,
                    PUT,
                    2_000,
                    Requests.put()),
            many(
                    Heading.of("TLS: get, 1000 clients", Group.TLS, BEHIND_TLS),
                    Setting.TLS,
                    Keys.SPACE,
                    GET,
                    4_000,
                    Requests.get(false)),
            new Housekeeping(
                    Heading.of(
                            "housekeeping of 5 million versions",
                            Group.HOUSEKEEPING,
                            Target.ours(Housekeeping.SNAPSHOT.longer(), 0),
                            Target.ours(Housekeeping.COMPACTION.longer(), 0),
                            Target.ours(Housekeeping.DEFRAGMENTATION.longer(), 0)),
                    5_000_000),
            new Restart(
                    Heading.of(
                            "restart with 1 million keys",
                            Group.RESTART,
                            Target.ratio(Restart.READ, 0.3),
                            Target.ratio(Restart.RESIDENT, 0.3)),
                    1_000_000),
            new Memory(
                    Heading.of(
                            "memory, empty and under load",
                            Group.MEMORY,
                            Target.ours(Figures.START, 500),
                            Target.ours(Memory.IDLE, 90)),
                    MANY,
                    MANY_CONNECTIONS,
                    List.of(PUT, GET)));

    /** Those that take so long that they run only when somebody names them. */
    private static final List<Work> NAMED = List.of(new Restart(
            Heading.of(
                    "restart with 8 million keys",
                    Group.RESTART,
                    Target.ratio(Restart.READ, 0.3),
                    Target.ours(Restart.READ, 2_000)),
            8_000_000));

    private Works() {}

    /** What runs if nobody chooses. */
    public static List<Work> usual() {
        return ALWAYS;
    }

    /** Also those that run only when they are named. */
    public static List<Work> all() {
        return Stream.concat(ALWAYS.stream(), NAMED.stream()).toList();
    }

    public static Optional<Work> named(String name) {
        return all().stream().filter(work -> work.name().equals(name)).findFirst();
    }

    private static LoadWork load(
            Heading heading,
            Setting setting,
            int keys,
            int clients,
            int connections,
            List<String> command,
            double guessPerSecond,
            @Nullable Steady steady) {
        return new LoadWork(heading, setting, keys, clients, connections, command, guessPerSecond, false, steady);
    }

    /** Of a thousand clients. */
    private static LoadWork many(
            Heading heading,
            Setting setting,
            int keys,
            List<String> command,
            double steadyPerSecond,
            @Nullable Request request) {
        Steady steady = request == null ? null : new Steady(steadyPerSecond, request);
        return load(heading, setting, keys, MANY, MANY_CONNECTIONS, command, 5_000, steady);
    }

    private static LoadWork getWhileWriting(String name, Setting setting) {
        return new LoadWork(
                Heading.of(name, Group.HOT, Target.ratio(Figures.STEADY_P99, 0.2)),
                setting,
                Keys.SPACE,
                MANY,
                MANY_CONNECTIONS,
                PUT,
                3_000,
                true,
                new Steady(1_000, Requests.get(false)));
    }

    private static LoadWork range(
            String name,
            int keys,
            double guessPerSecond,
            double steadyPerSecond,
            boolean keysOnly,
            boolean countOnly,
            String... further) {
        return load(
                Heading.of(name, Group.RANGES, RANGES),
                Setting.PLAIN,
                Keys.SPACE,
                100,
                10,
                with(interval(keys), further),
                guessPerSecond,
                new Steady(steadyPerSecond, Requests.range(keys, keysOnly, countOnly)));
    }

    /** What etcd's tool is told to read so many keys. */
    private static List<String> interval(int keys) {
        return List.of("range", Keys.name(keys), Keys.name(2L * keys));
    }

    private static List<String> writes(String command, String... further) {
        return with(
                List.of(command, "--key-size=8", "--key-space-size=" + Keys.SPACE, "--val-size=" + Keys.VALUE_BYTES),
                further);
    }

    private static List<String> with(List<String> command, String... further) {
        List<String> all = new ArrayList<>(command);
        all.addAll(Arrays.asList(further));
        return List.copyOf(all);
    }
}
