package dev.cairn.sim;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.ConfChangeType;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.MemberFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** An operator who adds, promotes and removes members while clients write. */
final class Reconfigurations {
    /** Fewer are not left: a removed member must not be needed to learn that it was removed. */
    private static final int VOTERS_MIN = 3;

    private static final int MEMBERS_MAX = 6;
    private static final int MACHINES_MAX = 10;

    private final Simulation simulation;
    private final SimScheduler scheduler;
    private final SplittableRandom random;
    private final long pause;
    private final List<Member> added = new ArrayList<>();
    private boolean stopped;
    private int made;

    /** @param pause between two changes at least */
    Reconfigurations(Simulation simulation, SimScheduler scheduler, long pause) {
        this.pause = pause;
        this.simulation = simulation;
        this.scheduler = scheduler;
        this.random = scheduler.random();
    }

    void start() {
        scheduler.after(pause + random.nextLong(pause), "operator", () -> {
            if (!stopped) {
                act();
                start();
            }
        });
    }

    void stop() {
        stopped = true;
    }

    /** How many changes were acknowledged. */
    int made() {
        return made;
    }

    private void act() {
        SimMember.Process process = simulation.anyProcess();
        if (process == null) {
            return;
        }
        List<Member> members = process.cluster.view().members();
        long voters = members.stream().filter(member -> !member.learner()).count();
        Member any = members.isEmpty() ? null : members.get(random.nextInt(members.size()));
        if (any == null) {
            return;
        }
        if (any.learner()) {
            change(
                    process,
                    ConfChangeType.ADD_NODE,
                    any.id(),
                    MemberFormat.encodeChange(new MemberFormat.Change(any, true)));
        } else if (voters > VOTERS_MIN && random.nextBoolean()) {
            change(process, ConfChangeType.REMOVE_NODE, any.id(), ByteString.EMPTY);
        } else if (members.size() < MEMBERS_MAX && simulation.members().size() < MACHINES_MAX) {
            add(process, random.nextBoolean());
        }
    }

    private void add(SimMember.Process process, boolean learner) {
        List<String> urls = List.of("http://n" + added.size() + ":2380");
        Member member = new Member(Identity.memberId(urls, Long.toString(added.size())), urls, learner, "", List.of());
        added.add(member);
        change(
                process,
                learner ? ConfChangeType.ADD_LEARNER_NODE : ConfChangeType.ADD_NODE,
                member.id(),
                MemberFormat.encode(member));
    }

    private void change(SimMember.Process process, ConfChangeType type, long member, ByteString context) {
        scheduler.note("operator: " + type + " " + Long.toHexString(member));
        process.control.change(type, member, context, new Completion<Cluster.View>() {
            @Override
            public void complete(Cluster.View members) {
                made++;
                scheduler.note("operator: done, " + members.members().size() + " members");
                startWhoIsNew(members);
            }

            @Override
            public void fail(EtcdError error) {
                scheduler.note("operator: " + error);
                if (process.isAlive()) {
                    // It may have been made nevertheless.
                    scheduler.after(pause, "operator", () -> startWhoIsNew(process.cluster.view()));
                }
            }
        });
    }

    /** Starts machines for members that have none. */
    void startWhoIsNew(Cluster.View members) {
        for (Member member : members.members()) {
            if (added.contains(asAdded(member)) && !simulation.hasMachine(member.id())) {
                simulation.newMember(member).start();
            }
        }
    }

    private @Nullable Member asAdded(Member member) {
        return added.stream()
                .filter(each -> each.id() == member.id())
                .findFirst()
                .orElse(null);
    }
}
