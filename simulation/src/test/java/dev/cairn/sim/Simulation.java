package dev.cairn.sim;

import com.google.protobuf.MessageLite;
import dev.cairn.mvcc.KvException;
import dev.cairn.raft.RaftRole;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.sim.disk.SimDisk;
import dev.cairn.testing.history.HistoryCheck;
import dev.cairn.testing.history.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A run: a cluster, its clients and what happens to them, all from one seed.
 *
 * <p>First anything may happen, and safety is checked after each event. Then all faults end, and the cluster has to elect a
 * leader, answer everybody and bring all members to the same state. At the end the clients' notes are checked.
 */
final class Simulation {
    private static final long SECOND = 1_000_000_000L;
    private static final long FAULTS_NANOS = 15 * SECOND;
    private static final int ELECTIONS_SECONDS_MAX = 60;
    private static final long HEAL_NANOS = 6 * SECOND;
    private static final int ANSWER_SECONDS_MAX = 10;
    private static final long LEASES_NANOS = 20 * SECOND;
    private static final String TOKEN = "simulation";

    private final long seed;
    private final SimScheduler scheduler;
    private final SplittableRandom random;
    private final Options options;
    private final ClusterInvariants invariants = new ClusterInvariants();
    private final SimNetwork network;
    private final TreeMap<Long, SimMember> members = new TreeMap<>(Long::compareUnsigned);
    private final TreeMap<Long, Boolean> slowDisks = new TreeMap<>();
    private final List<SimClient> clients = new ArrayList<>();
    private final List<Operation> history = new ArrayList<>();
    private final List<HistoryCheck.LateRead> lateReads = new ArrayList<>();
    private final List<SimWatcher> watchers = new ArrayList<>();
    private final Faults faults;
    private final Reconfigurations operator;
    private final PlantedBug bug;
    private final long clusterId;
    private int compactions;
    /** Nobody asks for anything any more. */
    private boolean quiet;

    /** A cluster of any kind: every third has a storm. */
    Simulation(long seed) {
        this(seed, PlantedBug.NONE, seed % 3 == 0);
    }

    /** @param storm whether it has elections all the time */
    Simulation(long seed, PlantedBug bug, boolean storm) {
        this.seed = seed;
        this.bug = bug;
        scheduler = new SimScheduler(seed, () -> {});
        random = scheduler.random();
        options = storm ? Options.storm(random) : Options.draw(random);
        network = new SimNetwork(scheduler, bug);
        List<Member> founders = new ArrayList<>();
        for (int i = 1; i <= options.members(); i++) {
            founders.add(member(i));
        }
        founders.sort((x, y) -> Long.compareUnsigned(x.id(), y.id()));
        clusterId = Identity.clusterId(founders.stream().map(Member::id).toList());
        founders.forEach(founder -> machine(founder, founders));
        for (int i = 0; i < options.clients(); i++) {
            clients.add(new SimClient(i, this, scheduler, history, lateReads));
        }
        watchers.add(new SimWatcher(this, scheduler, SimClient.ALL_KEYS, SimClient.ALL_KEYS_END));
        watchers.add(new SimWatcher(this, scheduler, SimClient.ALL_KEYS, SimClient.ALL_KEYS_END));
        watchers.add(new SimWatcher(this, scheduler, SimClient.ALL_KEYS + 1, null));
        faults = new Faults(this, scheduler, network);
        operator = new Reconfigurations(this, scheduler, options.eager() ? SECOND / 4 : 3 * SECOND / 2);
    }

    private static Member member(int number) {
        List<String> urls = List.of("http://m" + number + ":2380");
        return new Member(Identity.memberId(urls, TOKEN), urls, false, "m" + number, List.of());
    }

    private SimMember machine(Member member, List<Member> founders) {
        SplittableRandom own = random.split();
        double rate = 1 + (options.drift() == 0 ? 0 : (random.nextDouble() * 2 - 1) * options.drift());
        SimDisk disk = new SimDisk(scheduler::now, own, () -> syncNanos(member.id()));
        SimClock clock = new SimClock(scheduler, rate, random.nextLong(1000 * SECOND));
        SimMember machine = new SimMember(
                scheduler,
                network,
                invariants,
                bug,
                new Identity(clusterId, member.id()),
                founders,
                disk,
                clock,
                options.preVote(),
                options.snapshots());
        members.put(member.id(), machine);
        return machine;
    }

    private long syncNanos(long member) {
        long usual = 50_000 + random.nextLong(options.syncNanosMax());
        return slowDisks.getOrDefault(member, false) ? usual + random.nextLong(2 * SECOND) : usual;
    }

    Options options() {
        return options;
    }

    String trace() {
        return scheduler.trace();
    }

    List<SimMember> members() {
        return List.copyOf(members.values());
    }

    /** A machine for a member that is to join. */
    SimMember newMember(Member member) {
        return machine(member, List.of());
    }

    boolean hasMachine(long member) {
        return members.containsKey(member);
    }

    /** Has a disk take its time with each sync, or stop doing so. */
    void slowDisk(SimMember member, boolean slow) {
        slowDisks.put(member.id(), slow);
    }

    SimMember.@Nullable Process anyProcess() {
        List<SimMember> running =
                members.values().stream().filter(SimMember::isRunning).toList();
        return running.isEmpty()
                ? null
                : running.get(random.nextInt(running.size())).process();
    }

    /** A member that believes to lead, if there is one that does anything. */
    SimMember.@Nullable Process anyLeader() {
        List<SimMember.Process> leaders = new ArrayList<>();
        for (SimMember member : members.values()) {
            SimMember.Process process = member.process();
            if (process != null && process.isAwake() && process.status.leader() == member.id()) {
                leaders.add(process);
            }
        }
        return leaders.isEmpty() ? null : leaders.get(random.nextInt(leaders.size()));
    }

    /** Whether nobody leads a later term. */
    boolean isNewestLeader(SimMember.Process leader) {
        return members.values().stream()
                .map(SimMember::process)
                .filter(Objects::nonNull)
                .noneMatch(other -> other.raftStatus().softState().role() == RaftRole.LEADER
                        && other.status.term() > leader.status.term());
    }

    /**
     * What a run amounted to.
     *
     * @param losses in how many power cuts a disk lost something
     * @param changes how many changes of membership were acknowledged
     * @param snapshots how many members got a whole store
     * @param compactions how many compactions were acknowledged
     * @param told how many responses watchers got
     */
    record Outcome(
            long events,
            long operations,
            long unknown,
            long committed,
            int terms,
            long lostMessages,
            long losses,
            int changes,
            int snapshots,
            int compactions,
            int told,
            long digest) {}

    /** @throws AssertionError when anything is not as it must be */
    Outcome run() {
        members.values().forEach(SimMember::start);
        clients.forEach(SimClient::start);
        watchers.forEach(SimWatcher::start);
        faults.start();
        if (options.reconfigures()) {
            operator.start();
        }
        if (options.compacts()) {
            compact();
        }
        scheduler.runUntil(scheduler.now() + FAULTS_NANOS);
        heal();
        // Without pre-vote those who cannot win disturb those who can, for some elections.
        for (int i = 0; i < ELECTIONS_SECONDS_MAX && anyLeader() == null; i++) {
            scheduler.runUntil(scheduler.now() + SECOND);
        }
        scheduler.runUntil(scheduler.now() + HEAL_NANOS);
        settleMembership();
        // Until now they may have asked nobody but members that were removed and did not know.
        for (int i = 0; i < ANSWER_SECONDS_MAX && answered() == 0; i++) {
            scheduler.runUntil(scheduler.now() + SECOND);
        }
        clients.forEach(SimClient::stop);
        quiet = true;
        // Every lease runs out, and every request is answered or given up.
        scheduler.runUntil(scheduler.now() + LEASES_NANOS);
        checkAgreement();
        checkHistory();
        return new Outcome(
                scheduler.events(),
                history.size(),
                history.stream().filter(Operation::isUnknown).count(),
                invariants.committedIndex(),
                invariants.leaders(),
                network.lost(),
                members.values().stream()
                        .mapToLong(member -> member.disk().losses())
                        .sum(),
                operator.made(),
                network.snapshots(),
                compactions,
                watchers.stream()
                        .mapToInt(watcher -> watcher.watched().told().size())
                        .sum(),
                scheduler.digest());
    }

    /** Somebody compacts the history of keys from time to time, sometimes all of it. */
    private void compact() {
        scheduler.after(SECOND / 4 + random.nextLong(2 * SECOND), "compaction", () -> {
            if (quiet) {
                return;
            }
            SimMember.Process process = anyProcess();
            if (process != null) {
                long revision = Math.max(1, process.store.currentRevision() - random.nextInt(20));
                process.proposals.propose(Conversions.compaction(revision), new Completion<>() {
                    @Override
                    public void complete(MessageLite answer) {
                        compactions++;
                    }

                    @Override
                    public void fail(EtcdError error) {}
                });
            }
            compact();
        });
    }

    private void heal() {
        scheduler.note("heal");
        watchers.forEach(SimWatcher::steady);
        faults.stop();
        operator.stop();
        network.healAll();
        network.become(SimNetwork.Faults.NONE);
        slowDisks.clear();
        for (SimMember member : members()) {
            restart(member);
        }
    }

    /** Members that were added at the last moment get their machines; those that were removed without hearing of it are told. */
    private void settleMembership() {
        SimMember.Process newest = null;
        for (SimMember member : members.values()) {
            SimMember.Process process = member.process();
            if (process != null && (newest == null || process.apply.appliedIndex() > newest.apply.appliedIndex())) {
                newest = process;
            }
        }
        if (newest != null) {
            Cluster.View view = newest.cluster.view();
            operator.startWhoIsNew(view);
            members().stream()
                    .filter(member -> view.removed().contains(member.id()))
                    .forEach(SimMember::retire);
        }
    }

    private void restart(SimMember member) {
        for (int attempt = 0; !member.isRunning() && !member.isRemoved(); attempt++) {
            if (attempt > 100) {
                throw new AssertionError(member + " does not start");
            }
            member.start();
        }
        // The power stays on from now on.
        member.disk().cutAfter(Long.MAX_VALUE);
    }

    private long answered() {
        return history.stream().filter(operation -> !operation.isUnknown()).count();
    }

    private void checkAgreement() {
        SimMember leader = null;
        for (SimMember member : members.values()) {
            SimMember.Process process = member.process();
            if (process != null
                    && process.raftStatus().softState().role() == RaftRole.LEADER
                    && (leader == null
                            || process.status.term() > require(leader).status.term())) {
                leader = member;
            }
        }
        if (leader == null) {
            throw new AssertionError("liveness: nobody leads after all faults have ended");
        }
        SimMember.Process leading = require(leader);
        if (answered() == 0) {
            throw new AssertionError("liveness: nobody was ever answered");
        }
        if (leading.lessor.size() > 0) {
            throw new AssertionError("leases: " + leading.lessor.size() + " leases are left after their time");
        }
        for (long id : leading.raftStatus().progress().keySet()) {
            if (leading.cluster.view().member(id) == null) {
                throw new AssertionError("configuration: the leader " + leader + " counts " + Long.toHexString(id)
                        + ", who is no member");
            }
            SimMember.Process process = require(members.get(id));
            if (process.apply.appliedIndex() != leading.apply.appliedIndex()
                    || process.digest() != leading.digest()
                    || !process.raftStatus()
                            .configuration()
                            .equals(leading.raftStatus().configuration())
                    || hash(process) != hash(leading)) {
                throw new AssertionError(
                        "agreement: " + members.get(id) + " is at " + process.apply.appliedIndex() + " "
                                + process.raftStatus().configuration() + ", the leader " + leader + " at "
                                + leading.apply.appliedIndex() + " "
                                + leading.raftStatus().configuration());
            }
        }
        int[] left = {leading.raftStatus().progress().size()};
        for (long id : leading.raftStatus().progress().keySet()) {
            SimClient.readAll(require(members.get(id)), history, scheduler, () -> left[0]--);
        }
        scheduler.runUntil(scheduler.now() + 5 * SECOND);
        if (left[0] > 0) {
            throw new AssertionError("liveness: " + left[0] + " members do not answer reads");
        }
    }

    private static SimMember.Process require(@Nullable SimMember member) {
        SimMember.Process process = member == null ? null : member.process();
        if (process == null) {
            throw new AssertionError("liveness: " + member + " does not run after all faults have ended");
        }
        return process;
    }

    private static int hash(SimMember.Process process) {
        try {
            return process.store.hashKv(0).hash();
        } catch (KvException e) {
            throw new AssertionError(e);
        }
    }

    private void checkHistory() {
        List<Operation> all = new ArrayList<>(history);
        clients.forEach(client -> all.addAll(client.expiries()));
        String wrong = HistoryCheck.check(
                all,
                lateReads,
                watchers.stream().map(SimWatcher::watched).toList(),
                watchers.stream().flatMap(watcher -> watcher.ended().stream()).toList());
        if (wrong != null) {
            throw new AssertionError(wrong);
        }
    }

    @Override
    public String toString() {
        return "seed " + seed + ", " + options;
    }
}
