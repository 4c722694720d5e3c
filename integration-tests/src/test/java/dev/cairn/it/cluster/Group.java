package dev.cairn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.cairn.it.process.Command;
import dev.cairn.it.process.Network;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import dev.cairn.proto.etcdserverpb.HashKVResponse;
import dev.cairn.proto.etcdserverpb.StatusResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Members of one cluster, each a process of its own. Confined to the test's thread. */
public final class Group implements AutoCloseable {
    /** Machines that build at the same time are slow. */
    static final Duration LIMIT = Duration.ofSeconds(60);

    /** As the strict check wants it: so long must members have been connected before the next change. */
    private static final Duration HEALTHY = Duration.ofSeconds(30);

    private final Path directory;
    private final PeerTls peerTls;
    private final @Nullable Network network;
    private final List<ServerProcess> members = new ArrayList<>();
    private final Map<Integer, Client> clients = new HashMap<>();

    private Group(Path directory, PeerTls peerTls, @Nullable Network network) {
        this.directory = directory;
        this.peerTls = peerTls;
        this.network = network;
    }

    /** A cluster that the given servers have founded; all are ready. */
    static Group found(Path directory, Path... servers) {
        return found(directory, List.of(), servers);
    }

    /** As {@link #found(Path, Path...)}, with further flags for all of them. */
    public static Group found(Path directory, List<String> more, Path... servers) {
        return found(directory, PeerTls.NONE, more, servers);
    }

    /** As {@link #found(Path, List, Path...)}, with members that speak to each other in this way. */
    static Group found(Path directory, PeerTls peerTls, List<String> more, Path... servers) {
        return found(new Group(directory, peerTls, null), more, member -> {}, servers);
    }

    /** As {@link #found(Path, List, Path...)}, with each member on a machine of its own. */
    static Group found(Path directory, Network network, List<String> more, Path... servers) {
        return found(new Group(directory, PeerTls.NONE, network), more, member -> {}, servers);
    }

    /** As {@link #found(Path, List, Path...)}, with fail points under control in all of them. */
    public static Group foundWithFailPoints(Path directory, List<String> more, Path... servers) {
        return found(new Group(directory, PeerTls.NONE, null), more, ServerProcess::withFailPoints, servers);
    }

    private static Group found(Group group, List<String> more, Consumer<ServerProcess> prepared, Path... servers) {
        for (Path server : servers) {
            prepared.accept(group.member(group.prepare(server)));
        }
        for (int i = 0; i < servers.length; i++) {
            group.members.get(i).withFlags(group.flags(i, "new", more.toArray(String[]::new)));
        }
        try {
            group.start(IntStream.range(0, servers.length).toArray());
        } catch (RuntimeException | AssertionError e) {
            group.close();
            throw e;
        }
        return group;
    }

    /** Where clients find the members. */
    List<String> targets() {
        return members.stream().map(ServerProcess::target).toList();
    }

    /** A further process with its ports; it is not running. */
    int prepare(Path server) {
        ServerProcess member = ServerProcess.prepare(server, directory.resolve("m" + members.size()))
                .withPeerTls(peerTls.flags())
                .reserve();
        if (network != null) {
            member.on(network, members.size());
        }
        members.add(member);
        return members.size() - 1;
    }

    /** What a member has to be told of the cluster. */
    String[] flags(int member, String state, String... more) {
        List<String> flags = new ArrayList<>(List.of(
                "--name=m" + member,
                "--initial-cluster-state=" + state,
                "--initial-cluster="
                        + IntStream.range(0, members.size())
                                .mapToObj(i -> "m" + i + "=" + members.get(i).peerUrl())
                                .collect(Collectors.joining(","))));
        flags.addAll(List.of(more));
        return flags.toArray(String[]::new);
    }

    /** Starts these members together and waits until all are ready. */
    public void start(int... which) {
        List<CompletableFuture<Void>> starting = new ArrayList<>();
        for (int member : which) {
            starting.add(CompletableFuture.runAsync(members.get(member)::start));
        }
        starting.forEach(CompletableFuture::join);
    }

    public ServerProcess member(int member) {
        return members.get(member);
    }

    int size() {
        return members.size();
    }

    /** The connection to one member. */
    Client client(int member) {
        return clients.computeIfAbsent(member, number -> new Client(members.get(number)));
    }

    /** Runs etcdctl against one member. */
    public Command.Result ctl(int member, String... arguments) {
        return Command.run(Command.etcdctl(members.get(member), arguments), LIMIT);
    }

    /** Runs etcdctl against one member until it succeeds; what it wrote. */
    public String ctlUntilDone(int member, String... arguments) {
        Command.Result[] last = new Command.Result[1];
        await("etcdctl " + String.join(" ", arguments) + " at m" + member)
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(200))
                .until(() -> {
                    last[0] = ctl(member, arguments);
                    return last[0].exit() == 0;
                });
        return last[0].out();
    }

    /**
     * Has the first member change the membership. The strict check may find the cluster unhealthy until connections have held for a
     * while; a change is made once.
     */
    void changeUntilDone(String... arguments) {
        changeUntilDone(0, arguments);
    }

    /** As {@link #changeUntilDone(String...)}, with this member asked. */
    void changeUntilDone(int asked, String... arguments) {
        await("etcdctl " + String.join(" ", arguments))
                .atMost(HEALTHY.plus(LIMIT))
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(500))
                .until(() -> {
                    Command.Result result = ctl(asked, arguments);
                    return result.exit() == 0
                            || result.err().contains("Peer URLs already exists")
                            || result.err().contains("member not found");
                });
    }

    /** What a running member says of itself. */
    JsonObject status(int member) {
        JsonElement all = JsonParser.parseString(ctlUntilDone(member, "endpoint", "status", "--write-out=json"));
        return all.getAsJsonArray().get(0).getAsJsonObject().getAsJsonObject("Status");
    }

    public String id(int member) {
        return Long.toHexString(status(member)
                .getAsJsonObject("header")
                .get("member_id")
                .getAsBigInteger()
                .longValue());
    }

    /** Waits until the running members agree on a leader; its number. */
    public int awaitLeader() {
        int[] found = {-1};
        await("a leader")
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> {
                    found[0] = -1;
                    long leader = 0;
                    for (int i : running()) {
                        StatusResponse status = client(i).status();
                        if (status.getLeader() == 0 || leader != 0 && leader != status.getLeader()) {
                            return false;
                        }
                        leader = status.getLeader();
                        if (leader == status.getHeader().getMemberId()) {
                            found[0] = i;
                        }
                    }
                    return found[0] >= 0;
                });
        return found[0];
    }

    /** Sends a signal to a member's process. */
    void signal(int member, String name) {
        Command.run(
                        List.of(
                                "kill",
                                "-" + name,
                                Long.toString(members.get(member).pid())),
                        LIMIT)
                .success();
    }

    /** Has the member lead, whoever leads now. */
    public void makeLeader(int member) {
        long id = client(member).status().getHeader().getMemberId();
        await("leadership of m" + member)
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> {
                    int leader = awaitLeader();
                    if (leader != member) {
                        client(leader).moveLeader(id);
                    }
                    return awaitLeader() == member;
                });
    }

    /** Waits until all running members hold the same, and compares their digests. */
    public void awaitEqualStores() {
        await("equal stores")
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(100))
                .untilAsserted(() -> {
                    List<String> hashes = new ArrayList<>();
                    for (int i : running()) {
                        HashKVResponse hash = client(i).hashKv();
                        assertThat(hash.getHeader().getRevision()).isGreaterThan(1);
                        hashes.add(hash.getHash() + "@" + hash.getHashRevision() + "/"
                                + hash.getHeader().getRevision());
                    }
                    assertThat(hashes).hasSizeGreaterThan(1).containsOnly(hashes.get(0));
                });
    }

    private int[] running() {
        return IntStream.range(0, members.size())
                .filter(i -> members.get(i).isRunning())
                .toArray();
    }

    /** All values under a prefix, as one member has them. */
    List<String> values(int member, String prefix) {
        return ctlUntilDone(member, "get", "--prefix", prefix, "--print-value-only")
                .lines()
                .toList();
    }

    @Override
    public void close() {
        clients.values().forEach(Client::close);
        members.forEach(ServerProcess::close);
    }

    public static Path ours() {
        return Programs.ours();
    }

    static Path real() {
        return Programs.real("etcd");
    }
}
