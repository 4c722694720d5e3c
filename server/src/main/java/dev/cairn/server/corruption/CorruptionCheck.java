package dev.cairn.server.corruption;

import dev.cairn.mvcc.HashKv;
import dev.cairn.mvcc.KvException;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.membership.Identity;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Compares this member's data with its peers', by etcd's rules. Confined to one thread at a time; every check blocks while it reads
 * the store and waits for peers.
 */
public final class CorruptionCheck {
    private static final Logger LOG = LoggerFactory.getLogger(CorruptionCheck.class);

    /** What the alarm names when nobody can say which member is wrong. */
    private static final long ANY_MEMBER = 0;

    private final long memberId;
    private final Duration requestLimit;
    private final OwnHashes own;
    private final PeerHashes peers;
    private final ReadGate reads;
    private final LongConsumer raiseCorrupt;
    private long revisionChecked;

    /** A check could not be made; says nothing about the data. */
    public static final class CheckException extends Exception {
        private static final long serialVersionUID = 1L;

        CheckException(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * @param requestLimit how long one request of a check may take
     * @param raiseCorrupt proposes the CORRUPT alarm for the member with this ID
     */
    public CorruptionCheck(
            long memberId,
            Duration requestLimit,
            OwnHashes own,
            PeerHashes peers,
            ReadGate reads,
            LongConsumer raiseCorrupt) {
        this.memberId = memberId;
        this.requestLimit = requestLimit;
        this.own = own;
        this.peers = peers;
        this.reads = reads;
        this.raiseCorrupt = raiseCorrupt;
    }

    /**
     * Before a restarted member serves anybody. Peers that cannot answer, or that have compacted elsewhere, prove nothing.
     *
     * @throws CheckException when the member differs from a peer, or its own digest cannot be computed
     */
    public void initial() throws CheckException {
        LOG.atInfo()
                .setMessage("starting initial corruption check")
                .addKeyValue("local-member-id", Identity.hex(memberId))
                .addKeyValue("timeout", requestLimit)
                .log();
        HashKv local;
        try {
            local = own.at(0);
        } catch (KvException e) {
            throw new CheckException(Identity.hex(memberId) + " failed to fetch hash (" + text(e) + ")", e);
        }
        boolean differs = false;
        for (PeerHashes.Answer peer : peers.at(local.hashRevision())) {
            HashKv remote = peer.hash();
            if (remote == null) {
                warnOfSilence(local, peer);
            } else if (remote.hash() != local.hash()) {
                boolean comparable = remote.compactRevision() == local.compactRevision();
                differs |= comparable;
                describe(LOG.atWarn(), local, peer)
                        .setMessage(
                                comparable
                                        ? "found different hash values from remote peer"
                                        : "found different compact revision values from remote peer")
                        .addKeyValue("remote-peer-revision", remote.currentRevision())
                        .addKeyValue("remote-peer-compact-revision", remote.compactRevision())
                        .addKeyValue("remote-peer-hash", unsigned(remote.hash()))
                        .log();
            }
        }
        if (differs) {
            throw new CheckException(Identity.hex(memberId) + " found data inconsistency with peers", null);
        }
        LOG.atInfo()
                .setMessage("initial corruption checking passed; no corruption")
                .addKeyValue("local-member-id", Identity.hex(memberId))
                .log();
    }

    private void warnOfSilence(HashKv local, PeerHashes.Answer peer) {
        String message = switch (peer.failure() == null ? PeerHashes.Failure.UNREACHABLE : peer.failure()) {
            case FUTURE_REVISION -> "cannot fetch hash from slow remote peer";
            case COMPACTED -> "cannot fetch hash from remote peer; local member is behind";
            case CLUSTER_ID_MISMATCH -> "cluster ID mismatch";
            case UNREACHABLE -> null;
        };
        if (message != null) {
            describe(LOG.atWarn(), local, peer).setMessage(message).log();
        }
    }

    private LoggingEventBuilder describe(LoggingEventBuilder line, HashKv local, PeerHashes.Answer peer) {
        return line.addKeyValue("local-member-id", Identity.hex(memberId))
                .addKeyValue("local-member-revision", local.hashRevision())
                .addKeyValue("local-member-compact-revision", local.compactRevision())
                .addKeyValue("local-member-hash", unsigned(local.hash()))
                .addKeyValue("remote-peer-id", Identity.hex(peer.memberId()))
                .addKeyValue("remote-peer-endpoints", peer.endpoints());
    }

    /**
     * By the leader, from time to time. The leader knows the most: a member that is ahead of it, has compacted farther, or has
     * another digest under the same compaction is wrong. The first one found is named; one alarm stops the cluster anyway.
     *
     * @throws CheckException when the check could not be made
     */
    public void periodic() throws CheckException {
        HashKv before = ownNow();
        List<PeerHashes.Answer> answers = peers.at(before.hashRevision());
        awaitReadable();
        // Behind the read, the leader has all that any of the answers may have seen.
        HashKv after = ownNow();
        boolean alarmed = false;
        if (after.hash() != before.hash()
                && after.hashRevision() == before.hashRevision()
                && after.compactRevision() == before.compactRevision()) {
            LOG.atWarn()
                    .setMessage("found hash mismatch")
                    .addKeyValue("revision-1", before.hashRevision())
                    .addKeyValue("compact-revision-1", before.compactRevision())
                    .addKeyValue("hash-1", unsigned(before.hash()))
                    .addKeyValue("revision-2", after.hashRevision())
                    .addKeyValue("compact-revision-2", after.compactRevision())
                    .addKeyValue("hash-2", unsigned(after.hash()))
                    .log();
            alarmed = true;
            raiseCorrupt.accept(memberId);
        }
        int checked = 0;
        for (PeerHashes.Answer peer : answers) {
            HashKv remote = peer.hash();
            if (remote == null) {
                continue;
            }
            checked++;
            if (isWrong(peer.memberId(), remote, before, after) && !alarmed) {
                alarmed = true;
                raiseCorrupt.accept(peer.memberId());
            }
        }
        LOG.atInfo()
                .setMessage("finished peer corruption check")
                .addKeyValue("number-of-peers-checked", checked)
                .log();
    }

    private static boolean isWrong(long peerId, HashKv remote, HashKv before, HashKv after) {
        boolean wrong = false;
        if (remote.currentRevision() > after.currentRevision()) {
            LOG.atWarn()
                    .setMessage("revision from follower must be less than or equal to leader's")
                    .addKeyValue("leader-revision", after.currentRevision())
                    .addKeyValue("follower-revision", remote.currentRevision())
                    .addKeyValue("follower-peer-id", Identity.hex(peerId))
                    .log();
            wrong = true;
        }
        if (remote.compactRevision() > after.compactRevision()) {
            LOG.atWarn()
                    .setMessage("compact revision from follower must be less than or equal to leader's")
                    .addKeyValue("leader-compact-revision", after.compactRevision())
                    .addKeyValue("follower-compact-revision", remote.compactRevision())
                    .addKeyValue("follower-peer-id", Identity.hex(peerId))
                    .log();
            wrong = true;
        }
        if (remote.compactRevision() == before.compactRevision() && remote.hash() != before.hash()) {
            LOG.atWarn()
                    .setMessage("same compact revision then hashes must match")
                    .addKeyValue("leader-compact-revision", after.compactRevision())
                    .addKeyValue("leader-hash", unsigned(before.hash()))
                    .addKeyValue("follower-compact-revision", remote.compactRevision())
                    .addKeyValue("follower-hash", unsigned(remote.hash()))
                    .addKeyValue("follower-peer-id", Identity.hex(peerId))
                    .log();
            wrong = true;
        }
        return wrong;
    }

    /**
     * By the leader, from time to time: compares the digests that every member has stored for the same compactions, the newest
     * first, until one was compared with all peers or an alarm was raised. The majority is right; without one, the alarm names
     * nobody.
     */
    public void ofCompactions() {
        LOG.atInfo()
                .setMessage("starting compact hash check")
                .addKeyValue("local-member-id", Identity.hex(memberId))
                .addKeyValue("timeout", requestLimit)
                .log();
        List<HashKv> unchecked = new ArrayList<>(own.ofCompactions());
        unchecked.removeIf(hash -> hash.hashRevision() <= revisionChecked);
        unchecked.sort(Comparator.comparingLong(HashKv::hashRevision).reversed());
        int checked = 0;
        boolean over = false;
        while (!over && checked < unchecked.size()) {
            HashKv local = unchecked.get(checked);
            checked++;
            List<PeerHashes.Answer> answers = peers.at(local.hashRevision());
            over = !answers.isEmpty() && compare(local, answers);
        }
        LOG.atInfo()
                .setMessage("finished compaction hash check")
                .addKeyValue("number-of-hashes-checked", checked)
                .log();
    }

    /** @return whether older compactions need not be looked at */
    private boolean compare(HashKv local, List<PeerHashes.Answer> answers) {
        Map<Integer, List<Long>> membersByHash = new LinkedHashMap<>();
        membersByHash.computeIfAbsent(local.hash(), hash -> new ArrayList<>()).add(memberId);
        int checked = 0;
        for (PeerHashes.Answer peer : answers) {
            HashKv remote = peer.hash();
            String reason = null;
            if (remote == null) {
                reason = "no response";
            } else if (remote.compactRevision() != local.compactRevision()) {
                reason = "the peer's CompactRevision " + remote.compactRevision()
                        + " doesn't match leader's CompactRevision " + local.compactRevision();
            }
            if (remote == null || reason != null) {
                LOG.atWarn()
                        .setMessage("Skipped peer's hash")
                        .addKeyValue("number-of-peers", answers.size())
                        .addKeyValue("leader-id", Identity.hex(memberId))
                        .addKeyValue("peer-id", Identity.hex(peer.memberId()))
                        .addKeyValue("reason", reason)
                        .log();
                continue;
            }
            checked++;
            membersByHash
                    .computeIfAbsent(remote.hash(), hash -> new ArrayList<>())
                    .add(peer.memberId());
        }
        if (membersByHash.size() == 1) {
            return isComplete(local, checked, answers.size());
        }
        blame(local, membersByHash, (answers.size() + 1) / 2 + 1);
        return true;
    }

    private boolean isComplete(HashKv local, int checked, int peerCount) {
        if (checked == peerCount) {
            LOG.atInfo()
                    .setMessage("successfully checked hash on whole cluster")
                    .addKeyValue("number-of-peers-checked", checked)
                    .addKeyValue("revision", local.hashRevision())
                    .addKeyValue("compactRevision", local.compactRevision())
                    .log();
            revisionChecked = Math.max(revisionChecked, local.hashRevision());
            return true;
        }
        LOG.atWarn()
                .setMessage("skipped revision in compaction hash check; was not able to check all peers")
                .addKeyValue("number-of-peers-checked", checked)
                .addKeyValue("number-of-peers", peerCount)
                .addKeyValue("revision", local.hashRevision())
                .addKeyValue("compactRevision", local.compactRevision())
                .log();
        return false;
    }

    private void blame(HashKv local, Map<Integer, List<Long>> membersByHash, int quorum) {
        boolean quorumExists = membersByHash.values().removeIf(members -> members.size() >= quorum);
        if (!quorumExists) {
            describe(LOG.atError(), local)
                    .setMessage("Detected compaction hash mismatch but cannot identify the corrupted members,"
                            + " so intentionally set the memberID as 0")
                    .log();
            raiseCorrupt.accept(ANY_MEMBER);
        }
        membersByHash.forEach((hash, members) -> {
            if (quorumExists) {
                members.forEach(raiseCorrupt::accept);
            }
            describe(LOG.atError(), local)
                    .setMessage("Detected compaction hash mismatch")
                    .addKeyValue("peer-hash", unsigned(hash))
                    .addKeyValue("peer-ids", members.stream().map(Identity::hex).toList())
                    .addKeyValue("quorum-exist", quorumExists)
                    .log();
        });
    }

    private LoggingEventBuilder describe(LoggingEventBuilder line, HashKv local) {
        return line.addKeyValue("leader-id", Identity.hex(memberId))
                .addKeyValue("leader-revision", local.hashRevision())
                .addKeyValue("leader-compact-revision", local.compactRevision())
                .addKeyValue("leader-hash", unsigned(local.hash()));
    }

    private HashKv ownNow() throws CheckException {
        try {
            return own.at(0);
        } catch (KvException e) {
            throw new CheckException(text(e), e);
        }
    }

    private void awaitReadable() throws CheckException {
        CompletableFuture<Long> readable = new CompletableFuture<>();
        reads.await(new Completion<Long>() {
            @Override
            public void complete(Long index) {
                readable.complete(index);
            }

            @Override
            public void fail(EtcdError error) {
                readable.completeExceptionally(error.asException());
            }
        });
        try {
            readable.get(requestLimit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new CheckException(String.valueOf(e.getMessage()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CheckException("interrupted", e);
        }
    }

    private static String text(KvException refusal) {
        return EtcdError.of(refusal).message();
    }

    private static long unsigned(int hash) {
        return Integer.toUnsignedLong(hash);
    }
}
