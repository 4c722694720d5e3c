package dev.cairn.sim;

import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** What goes wrong, and when it is put right again. */
final class Faults {
    private static final long SECOND = 1_000_000_000L;

    private final Simulation simulation;
    private final SimScheduler scheduler;
    private final SplittableRandom random;
    private final SimNetwork network;
    private final Options options;
    private boolean stopped;

    Faults(Simulation simulation, SimScheduler scheduler, SimNetwork network) {
        this.simulation = simulation;
        this.scheduler = scheduler;
        this.random = scheduler.random();
        this.network = network;
        this.options = simulation.options();
    }

    void start() {
        if (options.badNetwork()) {
            network.become(new SimNetwork.Faults(
                    random.nextInt(200), random.nextInt(100), random.nextInt(300), 1 + random.nextLong(SECOND)));
        }
        if (options.eager()) {
            network.listen(this::promised);
        }
        next();
    }

    /** A member that has promised something dies at once, and is soon back. */
    private void promised(Message message) {
        boolean grants = message.type() == MessageType.VOTE_RESP && !message.reject();
        boolean campaigns = message.type() == MessageType.VOTE;
        if (stopped || random.nextInt(grants ? 3 : campaigns ? 8 : 400) != 0) {
            return;
        }
        for (SimMember member : simulation.members()) {
            if (member.id() == message.from()) {
                scheduler.after(random.nextLong(3_000_000), "die", () -> {
                    if (!stopped && member.isRunning()) {
                        member.crash();
                        scheduler.after(
                                random.nextLong(random.nextBoolean() ? 5_000_000 : 300_000_000),
                                "start",
                                () -> startAgain(member));
                    }
                });
            }
        }
    }

    void stop() {
        stopped = true;
    }

    private void next() {
        scheduler.after(random.nextLong(2 * 60 * SECOND / options.faultsPerMinute()), "fault", () -> {
            if (!stopped) {
                happen();
                next();
            }
        });
    }

    private void happen() {
        List<SimMember> members = simulation.members();
        SimMember member = members.get(random.nextInt(members.size()));
        switch (random.nextInt(9)) {
            case 0, 1 -> {
                if (options.crashes()) {
                    crash(member);
                }
            }
            case 2 -> {
                if (options.cutsPower() && member.isRunning()) {
                    member.disk().cutAfter(random.nextInt(12));
                    later(() -> startAgain(member));
                }
            }
            case 3, 4 -> {
                if (options.partitions()) {
                    partition(members);
                }
            }
            case 5 -> {
                if (options.pauses()) {
                    // Those who lead have most to forget.
                    SimMember.Process leader = random.nextBoolean() ? simulation.anyLeader() : null;
                    (leader == null ? member : leader.member()).pause(random.nextLong(6 * SECOND));
                }
            }
            case 6 -> {
                if (options.clockJumps()) {
                    scheduler.note("clock of " + member + " jumps");
                    member.clock().jump(random.nextLong(10 * SECOND));
                }
            }
            case 7 -> {
                if (options.stallsDisks()) {
                    scheduler.note("disk of " + member + " stalls");
                    simulation.slowDisk(member, true);
                    later(() -> simulation.slowDisk(member, false));
                }
            }
            default -> {
                SimMember.Process leader = simulation.anyLeader();
                if (options.transfers() && leader != null) {
                    scheduler.note("transfer to " + member);
                    leader.transferLeadership(member.id());
                }
            }
        }
    }

    private void crash(SimMember member) {
        if (random.nextInt(10) == 0) {
            // The whole room is dark.
            simulation.members().forEach(each -> {
                each.crash();
                later(() -> startAgain(each));
            });
        } else {
            member.crash();
            later(() -> startAgain(member));
        }
    }

    private void startAgain(SimMember member) {
        if (!stopped && !member.isRunning() && !member.isRemoved()) {
            member.start();
            if (!stopped && !member.isRunning()) {
                later(() -> startAgain(member));
            }
        }
    }

    private void partition(List<SimMember> members) {
        if (options.eager() && random.nextBoolean()) {
            scheduler.note("cut here and there");
            for (SimMember from : members) {
                for (SimMember to : members) {
                    if (from != to && random.nextInt(3) == 0) {
                        network.cut(from.id(), to.id());
                    }
                }
            }
            later(network::healAll);
            return;
        }
        List<Long> left = new ArrayList<>();
        List<Long> right = new ArrayList<>();
        members.forEach(member -> (random.nextBoolean() ? left : right).add(member.id()));
        boolean oneWay = random.nextInt(3) == 0;
        scheduler.note("cut " + left.stream().map(Long::toHexString).toList() + (oneWay ? " to " : " from ")
                + right.stream().map(Long::toHexString).toList());
        for (long from : left) {
            for (long to : right) {
                network.cut(from, to);
                if (!oneWay) {
                    network.cut(to, from);
                }
            }
        }
        later(network::healAll);
    }

    private void later(Runnable action) {
        scheduler.after(random.nextLong(options.eager() ? SECOND : 5 * SECOND), "mend", () -> {
            if (!stopped) {
                action.run();
            }
        });
    }
}
