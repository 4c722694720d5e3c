package dev.cairn.server.bootstrap;

import dev.cairn.mvcc.AppliedState;
import dev.cairn.mvcc.MvccStore;
import dev.cairn.mvcc.StoreMeter;
import dev.cairn.mvcc.StoreOptions;
import dev.cairn.proto.raftpb.ConfChange;
import dev.cairn.proto.raftpb.ConfChangeType;
import dev.cairn.raft.MemoryRaftStorage;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.SnapshotMetadata;
import dev.cairn.server.api.StartException;
import dev.cairn.server.config.ServerConfig;
import dev.cairn.server.defragment.Defragmentation;
import dev.cairn.server.install.StoreRecovery;
import dev.cairn.server.membership.Cluster;
import dev.cairn.server.membership.ConfStateFormat;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.Member;
import dev.cairn.server.membership.MemberFormat;
import dev.cairn.server.version.ServerVersion;
import dev.cairn.wal.SnapStore;
import dev.cairn.wal.WalContents;
import dev.cairn.wal.WalException;
import dev.cairn.wal.WalListener;
import dev.cairn.wal.WalMetadata;
import dev.cairn.wal.WalOptions;
import dev.cairn.wal.WalReader;
import dev.cairn.wal.WalRepair;
import dev.cairn.wal.WalWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides how the member starts, as etcd does: with a log it restarts, and the cluster flags mean nothing any more; without
 * one it founds the cluster that the flags describe, or joins it where it runs already ({@link Founders}).
 *
 * <p><b>Founding.</b> The log begins with one configuration change for each founder, committed without a leader because
 * every founder writes the same ones.
 *
 * <p><b>Restarting.</b> The store knows up to which entry it is durable. Nothing is replayed that the store holds, and
 * nothing is skipped ({@link LogTail} keeps some of it for members that lag): the log must reach back to that entry, and it must not end before
 * it, because an entry is in the log before it is in the store. A directory in which this does not hold was mixed from two
 * or was damaged; it is refused.
 */
public final class Bootstrap {
    private static final Logger LOG = LoggerFactory.getLogger(Bootstrap.class);
    static final long FOUNDING_TERM = 1;
    /** How long another member may take to say which version it runs. */
    private static final Duration REQUEST_LIMIT = Duration.ofSeconds(7);

    /** What may wait in memory for the store's next flush. */
    private static final long OVERLAY_BYTES_MAX = 64L << 20;

    /**
     * What the loops start with. Whoever holds it closes it, after the log.
     *
     * @param hardState what the log holds
     * @param raftStorage the log behind what the store holds
     * @param snapshotIndex the place of the newest snapshot record in the log
     * @param introduced the members of the cluster that is joined, who have to be answered before the log tells of them
     * @param alone whether nobody else belongs to the cluster so far
     */
    public record Result(
            Identity identity,
            WalWriter wal,
            HardState hardState,
            MemoryRaftStorage raftStorage,
            MvccStore store,
            SnapStore snapshots,
            long snapshotIndex,
            AutoCloseable directory,
            List<Member> introduced,
            boolean alone) {}

    private final ServerConfig config;
    private final DataDirectory directory;
    private final StoreOptions storeOptions;
    private final WalOptions walOptions;

    private Bootstrap(ServerConfig config, DataDirectory directory, StoreOptions storeOptions, WalOptions walOptions) {
        this.config = config;
        this.directory = directory;
        this.storeOptions = storeOptions;
        this.walOptions = walOptions;
    }

    /**
     * Opens or makes the data directory.
     *
     * @param onStoreFailure hears when the store's backend fails
     * @param segments makes the log's segments ahead
     * @param outside whom to ask which cluster the member belongs to
     * @throws StartException when the member cannot start; nothing is held then
     */
    public static Result run(
            ServerConfig config,
            Consumer<Throwable> onStoreFailure,
            StoreMeter storeMeter,
            WalListener walListener,
            Executor segments,
            Outside outside)
            throws StartException, InterruptedException {
        DataDirectory directory = DataDirectory.open(config.dataDir(), config.memberDir(), config.walDir());
        Result result = null;
        try {
            StoreOptions store = storage(config, directory)
                    .withFlush(config.backendBatchInterval().toNanos(), config.backendBatchLimit(), OVERLAY_BYTES_MAX)
                    .withCompaction(
                            config.compactionBatchLimit(),
                            config.compactionSleepInterval().toNanos())
                    .onFailure(onStoreFailure)
                    .withMeter(storeMeter);
            WalOptions log = WalOptions.of(segments, walListener);
            Bootstrap bootstrap =
                    new Bootstrap(config, directory, store, config.unsafeNoFsync() ? log.withoutSync() : log);
            result = directory.hasLog() ? bootstrap.restart() : bootstrap.begin(outside);
            long threshold = config.bootstrapDefragThresholdBytes();
            if (threshold > 0) {
                new Defragmentation(result.store()).runAtStart(threshold);
            }
            return result;
        } catch (IOException e) {
            throw new StartException(e.getMessage() == null ? e.toString() : e.getMessage(), e);
        } finally {
            if (result == null) {
                closeQuietly(directory);
            }
        }
    }

    private static void tellRestored(MvccStore store, Cluster.View members, Identity identity) {
        LOG.atInfo()
                .setMessage("kvstore restored")
                .addKeyValue("current-rev", store.currentRevision())
                .log();
        for (Member member : members.members()) {
            LOG.atInfo()
                    .setMessage("recovered/added member from store")
                    .addKeyValue("cluster-id", Identity.hex(identity.clusterId()))
                    .addKeyValue("local-member-id", Identity.hex(identity.memberId()))
                    .addKeyValue("recovered-remote-peer-id", Identity.hex(member.id()))
                    .addKeyValue("recovered-remote-peer-urls", member.peerUrls())
                    .addKeyValue("recovered-remote-peer-is-learner", member.learner())
                    .log();
        }
        if (members.version() != null) {
            LOG.atInfo()
                    .setMessage("set cluster version from store")
                    .addKeyValue("cluster-version", members.version())
                    .log();
        }
    }

    private static StoreOptions storage(ServerConfig config, DataDirectory directory) {
        long quotaBytes = Math.max(config.quotaBackendBytes(), 0);
        return config.unsafeNoFsync()
                ? StoreOptions.lmdbWithoutSync(directory.lmdb(), quotaBytes)
                : StoreOptions.lmdb(directory.lmdb(), quotaBytes);
    }

    /** Without a log: founds a cluster, or joins one. */
    private Result begin(Outside outside) throws IOException, StartException, InterruptedException {
        if (directory.hasStore()) {
            throw new StartException("data directory " + config.dataDir()
                    + " holds a store (member/lmdb) but no log (" + directory.wal()
                    + "); put the log back, or move the directory away to start anew");
        }
        if (Files.exists(directory.etcdDatabase())) {
            throw etcdDirectory();
        }
        Founders founders = new Founders(config, outside);
        boolean founds = config.foundsCluster();
        Founders.Membership membership = founds ? founders.found() : founders.join(REQUEST_LIMIT);
        Identity identity = membership.identity();
        LOG.atInfo()
                .setMessage("starting local member")
                .addKeyValue("local-member-id", Identity.hex(identity.memberId()))
                .addKeyValue("cluster-id", Identity.hex(identity.clusterId()))
                .log();

        // The store first: a log without a store is a member that has lost its data, a store without a log is only a
        // start that did not get far.
        MvccStore store = MvccStore.open(storeOptions);
        try {
            List<Entry> entries = founds ? foundingEntries(membership.members()) : List.of();
            HardState hardState = founds ? new HardState(FOUNDING_TERM, 0, entries.size()) : HardState.EMPTY;
            WalWriter wal = WalWriter.create(
                    directory.wal(),
                    new WalMetadata(identity.memberId(), identity.clusterId()),
                    entries,
                    hardState,
                    walOptions);
            MemoryRaftStorage storage = new MemoryRaftStorage();
            storage.append(entries);
            storage.setHardState(hardState);
            return new Result(
                    identity,
                    wal,
                    hardState,
                    storage,
                    store,
                    snapshots(),
                    0,
                    directory,
                    founds ? List.of() : membership.members(),
                    founds && membership.members().size() == 1);
        } catch (IOException | RuntimeException e) {
            store.close();
            throw e;
        }
    }

    private Result restart() throws IOException, StartException {
        if (config.discovery().isPresent() || config.discoveryUrl().isPresent()) {
            LOG.atWarn()
                    .setMessage("discovery token is ignored since cluster already initialized; valid logs are found")
                    .addKeyValue("wal-dir", directory.wal())
                    .log();
        }
        // The newest place that the log can be read from; its start when no snapshot was ever made.
        SnapshotMetadata start = WalReader.newestSnapshot(directory.wal()).orElse(SnapshotMetadata.EMPTY);
        MvccStore store = new StoreRecovery(
                        directory.wal(), directory.snap(), directory.lmdb(), config.quotaBackendBytes())
                .open(storeOptions, start);
        WalReader reader = null;
        try {
            AppliedState applied = store.appliedState();
            if (start.index() > applied.index()) {
                throw new StartException("the store ends at entry " + applied.index() + ", but the log in "
                        + directory.wal() + " starts behind entry " + start.index()
                        + ": they do not belong together, or the store was replaced by an older one");
            }
            // A member alone needs nothing that is applied already.
            long retained = knownMembers(store) > 1 ? config.snapshotCatchupEntries() : 0;
            LogTail tail = new LogTail(start, applied, retained);
            reader = WalReader.openForAppend(directory.wal(), start.index(), start.term());
            WalContents log = readWhole(reader, tail);
            if (log == null) {
                reader.close();
                WalRepair.repair(directory.wal());
                tail = new LogTail(start, applied, retained);
                reader = WalReader.openForAppend(directory.wal(), start.index(), start.term());
                log = reader.read(tail);
            }
            if (log.lastIndex() < applied.index()) {
                throw new StartException("the log in " + directory.wal() + " ends at entry " + log.lastIndex()
                        + ", but the store holds entries up to " + applied.index()
                        + ": entries that were acknowledged are missing from the log");
            }
            Identity identity =
                    new Identity(log.metadata().clusterId(), log.metadata().nodeId());
            Cluster.View members = checkedMembers(identity, store, applied.index());
            List<Entry> forced = config.forceNewCluster()
                    ? LoneSurvivor.entries(
                            members,
                            tail.behindStore(),
                            identity.memberId(),
                            log.hardState().term(),
                            log.lastIndex())
                    : List.of();
            forced.forEach(tail::entry);
            tellRestored(store, members, identity);
            // What is applied was committed, whatever the last hard state that reached the disk says.
            HardState hardState = new HardState(
                    log.hardState().term(),
                    log.hardState().vote(),
                    forced.isEmpty()
                            ? Math.max(log.hardState().commit(), applied.index())
                            : log.lastIndex() + forced.size());
            MemoryRaftStorage storage = tail.storage(ConfStateFormat.confState(members));
            storage.setHardState(hardState);
            LOG.atInfo()
                    .setMessage("restarting local member")
                    .addKeyValue("cluster-id", Identity.hex(identity.clusterId()))
                    .addKeyValue("local-member-id", Identity.hex(identity.memberId()))
                    .addKeyValue("commit-index", hardState.commit())
                    .addKeyValue("applied-index", applied.index())
                    .addKeyValue("entries-to-apply", tail.unapplied())
                    .log();
            WalWriter wal = WalWriter.resume(reader, walOptions);
            if (!forced.isEmpty()) {
                wal.append(forced, hardState);
                wal.sync();
                wal.handOver();
            }
            return new Result(
                    identity,
                    wal,
                    forced.isEmpty() ? log.hardState() : hardState,
                    storage,
                    store,
                    snapshots(),
                    start.index(),
                    directory,
                    List.of(),
                    members.members().size() == 1);
        } catch (IOException | StartException | RuntimeException e) {
            store.close();
            if (reader != null) {
                closeQuietly(reader);
            }
            throw e;
        }
    }

    /** Reads the log to its end; null when its last write was torn by a crash, which is mended and read again. */
    private static @Nullable WalContents readWhole(WalReader reader, LogTail tail) throws IOException {
        try {
            return reader.read(tail);
        } catch (WalException.Torn e) {
            LOG.atWarn()
                    .setMessage("repairing the log: its last write was torn by a crash")
                    .addKeyValue("file", e.file())
                    .addKeyValue("offset", e.offset())
                    .log();
            return null;
        }
    }

    private Cluster.View checkedMembers(Identity identity, MvccStore store, long appliedIndex) throws StartException {
        Cluster.View members = new Cluster(identity, store).view();
        if (members.removed().contains(identity.memberId())) {
            throw new StartException("the member " + Identity.hex(identity.memberId())
                    + " has been permanently removed from the cluster; its data directory " + config.dataDir()
                    + " must be removed");
        }
        if (appliedIndex > 0 && members.member(identity.memberId()) == null) {
            throw new StartException("the log in " + directory.wal() + " belongs to member "
                    + Identity.hex(identity.memberId()) + ", whom the store does not know:"
                    + " the data directory was mixed from two");
        }
        if (members.members().stream().filter(Member::learner).count() > config.maxLearners()) {
            throw new StartException("membership: too many learner members in cluster");
        }
        String version = members.version();
        if (version != null && ServerVersion.own().isOlderThan(ServerVersion.require(version))) {
            throw new StartException("invalid downgrade; server version is lower than determined cluster version: "
                    + ServerVersion.own() + " < " + version);
        }
        return members;
    }

    private static int knownMembers(MvccStore store) {
        return new Cluster(new Identity(0, 0), store).view().members().size();
    }

    private SnapStore snapshots() {
        return new SnapStore(directory.snap());
    }

    private StartException etcdDirectory() {
        return new StartException("data directory " + config.dataDir()
                + " holds a database of etcd (member/snap/db) but no log (" + directory.wal()
                + "); put the log back, or move the directory away to start anew");
    }

    /** What the log of every founder begins with. */
    static List<Entry> foundingEntries(List<Member> founders) {
        Entry[] entries = new Entry[founders.size()];
        Arrays.setAll(entries, i -> {
            Member member = founders.get(i);
            // Without an ID: nobody waits for it. This is how etcd's founders write it, to the byte.
            ConfChange change = ConfChange.newBuilder()
                    .setType(ConfChangeType.ConfChangeAddNode)
                    .setNodeId(member.id())
                    .setContext(MemberFormat.encode(member))
                    .build();
            return new Entry(FOUNDING_TERM, i + 1L, EntryType.CONF_CHANGE, change.toByteString());
        });
        return List.of(entries);
    }

    private static void closeQuietly(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            LOG.atDebug().setMessage("closing after a failed start").setCause(e).log();
        }
    }
}
