package dev.cairn.server.peer;

import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.version.ServerVersion;
import dev.cairn.server.version.VersionMonitor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks the other members for their releases, all at once. Thread-safe; never blocks. */
public final class PeerVersions implements VersionMonitor.MemberVersions {
    private static final Logger LOG = LoggerFactory.getLogger(PeerVersions.class);

    private final PeerQuestions questions;
    private final long self;
    private final Duration limit;

    /** @param limit how long one member may take to answer */
    public PeerVersions(PeerQuestions questions, long self, Duration limit) {
        this.questions = questions;
        this.self = self;
        this.limit = limit;
    }

    @Override
    public void oldest(Cluster.View view, Consumer<@Nullable ServerVersion> answer) {
        List<CompletableFuture<@Nullable ServerVersion>> asked = new ArrayList<>();
        for (Member member : view.members()) {
            if (member.id() != self) {
                asked.add(questions.versionsLater(member, limit).thenApply(versions -> release(member, versions)));
            }
        }
        CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
                .whenComplete((ignored, failure) -> answer.accept(failure == null ? least(asked) : null));
    }

    private static @Nullable ServerVersion release(Member member, PeerQuestions.@Nullable Versions versions) {
        ServerVersion release = versions == null ? null : ServerVersion.parse(versions.server());
        if (release == null) {
            LOG.atWarn()
                    .setMessage("failed to get version")
                    .addKeyValue("remote-member-id", Identity.hex(member.id()))
                    .log();
        }
        return release;
    }

    private static @Nullable ServerVersion least(List<CompletableFuture<@Nullable ServerVersion>> asked) {
        ServerVersion least = ServerVersion.own();
        for (CompletableFuture<@Nullable ServerVersion> one : asked) {
            ServerVersion release = one.join();
            if (release == null) {
                return null;
            }
            least = release.isOlderThan(least) ? release : least;
        }
        return least;
    }
}
