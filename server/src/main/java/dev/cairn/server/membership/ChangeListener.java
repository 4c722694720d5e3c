package dev.cairn.server.membership;

import dev.cairn.server.api.EtcdError;
import org.jspecify.annotations.Nullable;

/** Hears of each configuration change as it is applied. Called on the apply loop; must not block. */
public interface ChangeListener {
    /**
     * @param changeId the ID that the change was proposed with
     * @param members the members behind it
     * @param refusal why it changed nothing; null when it took effect
     */
    void applied(long changeId, Cluster.View members, @Nullable EtcdError refusal);

    /** This member has been removed: it can never take part again and has to stop. */
    void removedSelf();
}
