package dev.cairn.server.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import dev.cairn.lease.ExpirySink;
import dev.cairn.lease.Lessor;
import dev.cairn.lease.LessorOptions;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.mvcc.backend.MemoryBackend;
import dev.cairn.proto.etcdserverpb.DowngradeVersionTestRequest;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.membershippb.Attributes;
import dev.cairn.proto.membershippb.ClusterMemberAttrSetRequest;
import dev.cairn.proto.membershippb.ClusterVersionSetRequest;
import dev.cairn.proto.membershippb.DowngradeInfoSetRequest;
import dev.cairn.raft.message.ConfChange;
import dev.cairn.raft.message.ConfChangeFormat;
import dev.cairn.raft.message.ConfChangeType;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.membership.ChangeListener;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.MemberFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: each kind of entry that concerns the cluster itself is carried out, and none that is not understood is passed over.
 * Method: entries applied one by one to a store in memory, which is then loaded anew.
 */
class ClusterEntriesTest {
    private static final long SELF = 1;
    private static final long OTHER = 2;

    private final MvccStore store = MvccStore.open(StoreOptions.of(new MemoryBackend.Disk()));
    private final Cluster cluster = new Cluster(new Identity(9, SELF), store);
    private final List<String> heard = new ArrayList<>();
    private Applier applier = applier();
    private long index;

    @BeforeEach
    void found() {
        change(ConfChangeType.ADD_NODE, member(SELF, false));
        change(ConfChangeType.ADD_NODE, member(OTHER, false));
        heard.clear();
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void shouldKeepADowngradeAcrossARestart() {
        DowngradeInfoSetRequest.Builder set =
                DowngradeInfoSetRequest.newBuilder().setEnabled(true).setVer("3.6.0");
        apply(InternalRaftRequest.newBuilder().setDowngradeInfoSet(set));
        assertThat(reloaded().downgradeTarget()).isEqualTo("3.6.0");

        apply(InternalRaftRequest.newBuilder().setDowngradeInfoSet(set.setEnabled(false)));
        assertThat(reloaded().downgradeTarget()).isNull();
    }

    @Test
    void shouldForceASnapshotWhenTheVersionGoesBack() {
        version("3.7.0");
        assertThat(heard).isEmpty();
        version("3.6.0");
        assertThat(heard).containsExactly("snapshot");
        assertThat(reloaded().version()).isEqualTo("3.6.0");
        assertThat(reloaded().storageVersion()).isEqualTo("3.6.0");
        version("3.7.0");
        assertThat(heard).hasSize(1);
    }

    @Test
    void shouldNotServeAClusterThatIsNewerThanItself() {
        assertThatThrownBy(() -> version("3.8.0")).hasMessageContaining("invalid downgrade");
    }

    @Test
    void shouldTakePublishedAttributes() {
        apply(InternalRaftRequest.newBuilder()
                .setClusterMemberAttrSet(ClusterMemberAttrSetRequest.newBuilder()
                        .setMemberID(OTHER)
                        .setMemberAttributes(Attributes.newBuilder().setName("two"))));
        assertThat(Objects.requireNonNull(reloaded().member(OTHER)).name()).isEqualTo("two");
    }

    @Test
    void shouldPassOverWhatMeansNothingHere() {
        long before = store.currentRevision();
        apply(InternalRaftRequest.newBuilder()
                .setDowngradeVersionTest(
                        DowngradeVersionTestRequest.newBuilder().setVer("3.7.0")));
        apply(InternalRaftRequest.newBuilder().setID(3).setUnknownFields(field(2)));
        assertThat(store.currentRevision()).isEqualTo(before);
        assertThat(heard).isEmpty();
    }

    @Test
    void shouldStopAtARequestItDoesNotUnderstand() {
        assertThatThrownBy(() -> apply(InternalRaftRequest.newBuilder().setUnknownFields(field(4711))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("cannot carry out");
        assertThatThrownBy(() -> applier.apply(new Entry(1, index + 1, EntryType.CONF_CHANGE_V2, ByteString.EMPTY)))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldTellWhenItIsRemovedItself() {
        change(ConfChangeType.REMOVE_NODE, member(SELF, false));
        assertThat(heard).containsExactly("removed", "change null");
        assertThat(reloaded().removed()).containsExactly(SELF);
    }

    @Test
    void shouldRefuseTheRemovalOfTheLastVoterToTheCoreAsWell() {
        change(ConfChangeType.REMOVE_NODE, member(OTHER, false));
        ConfChange made = change(ConfChangeType.REMOVE_NODE, member(SELF, false));
        assertThat(made.nodeId()).isZero();
        assertThat(heard).containsExactly("change null", "change MEMBER_NOT_ENOUGH_STARTED");
    }

    @Test
    void shouldHaveOnlySoManyLearners() {
        change(ConfChangeType.ADD_LEARNER_NODE, member(3, true));
        change(ConfChangeType.ADD_LEARNER_NODE, member(4, true));
        assertThat(heard).containsExactly("change null", "change TOO_MANY_LEARNERS");
    }

    private Applier applier() {
        Lessor lessor = new Lessor(store, LessorOptions.forElection(10, 100), new NoExpiry(), System.nanoTime());
        store.setLeases(lessor);
        ChangeListener listener = new ChangeListener() {
            @Override
            public void applied(long changeId, Cluster.View members, @Nullable EtcdError refusal) {
                heard.add("change " + refusal);
            }

            @Override
            public void removedSelf() {
                heard.add("removed");
            }
        };
        ClusterChanges changes = new ClusterChanges(cluster, 1, listener, () -> heard.add("snapshot"));
        return new Applier(
                store,
                lessor,
                changes,
                new Alarms(store),
                new Quota(-1, () -> 0),
                NoUsers.applier(store),
                id -> null,
                () -> {});
    }

    private void version(String version) {
        apply(InternalRaftRequest.newBuilder()
                .setClusterVersionSet(ClusterVersionSetRequest.newBuilder().setVer(version)));
    }

    private void apply(InternalRaftRequest.Builder request) {
        index++;
        applier.apply(new Entry(1, index, EntryType.NORMAL, request.build().toByteString()));
    }

    private ConfChange change(ConfChangeType type, Member member) {
        index++;
        ConfChange change = new ConfChange(index, type, member.id(), MemberFormat.encode(member));
        return Objects.requireNonNull(
                applier.apply(new Entry(1, index, EntryType.CONF_CHANGE, ConfChangeFormat.encode(change))));
    }

    private Cluster.View reloaded() {
        return new Cluster(new Identity(9, SELF), store).view();
    }

    private static Member member(long id, boolean learner) {
        return new Member(id, List.of("http://h:" + id), learner, "", List.of());
    }

    private static UnknownFieldSet field(int number) {
        return UnknownFieldSet.newBuilder()
                .addField(
                        number,
                        UnknownFieldSet.Field.newBuilder()
                                .addLengthDelimited(ByteString.EMPTY)
                                .build())
                .build();
    }

    private static final class NoExpiry implements ExpirySink {
        @Override
        public boolean revoke(long lease) {
            return true;
        }

        @Override
        public boolean checkpoint(long lease, long remainingTtlSeconds) {
            return true;
        }
    }
}
