package dev.cairn.sim;

import com.google.protobuf.MessageLite;
import dev.cairn.lease.Renewal;
import dev.cairn.mvcc.KvException;
import dev.cairn.mvcc.RangeResult;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.testing.history.HistoryCheck;
import dev.cairn.testing.history.Messages;
import dev.cairn.testing.history.Operation;
import dev.cairn.testing.history.Request;
import dev.cairn.testing.history.Response;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A client: one request after the other, each to any member, and notes of what was asked and answered. A request that gets no
 * answer in time is left alone, its outcome unknown.
 */
final class SimClient {
    private static final long PATIENCE = 3_000_000_000L;
    static final String ALL_KEYS = "k";
    static final String ALL_KEYS_END = "l";

    private static final class Lease {
        final long id;
        final long ttlSeconds;
        /** When a grant or a renewal that succeeded was called for. */
        long renewedAt;

        Lease(long id, long ttlSeconds, long renewedAt) {
            this.id = id;
            this.ttlSeconds = ttlSeconds;
            this.renewedAt = renewedAt;
        }
    }

    private final int number;
    private final Simulation simulation;
    private final SimScheduler scheduler;
    private final SplittableRandom random;
    private final List<Operation> history;
    private final List<HistoryCheck.LateRead> lateReads;
    private final TreeMap<String, Long> lastSeen = new TreeMap<>();
    private final List<Lease> leases = new ArrayList<>();
    private boolean stopped;
    private int values;
    private int requests;

    SimClient(
            int number,
            Simulation simulation,
            SimScheduler scheduler,
            List<Operation> history,
            List<HistoryCheck.LateRead> lateReads) {
        this.number = number;
        this.simulation = simulation;
        this.scheduler = scheduler;
        this.random = scheduler.random();
        this.history = history;
        this.lateReads = lateReads;
    }

    void start() {
        think();
    }

    /** Asks for nothing more. */
    void stop() {
        stopped = true;
    }

    /** The ends of leases, each from the first moment at which it may be. */
    List<Operation> expiries() {
        List<Operation> expiries = new ArrayList<>();
        for (Lease lease : leases) {
            long ttl = lease.ttlSeconds * 1_000_000_000L;
            long early = simulation.options().clockJumps()
                    ? ttl
                    : (long) (ttl * simulation.options().drift());
            expiries.add(Operation.unknown(
                    number, new Request.Revoke(lease.id), Math.max(lease.renewedAt, lease.renewedAt + ttl - early)));
        }
        return expiries;
    }

    private void think() {
        if (!stopped) {
            scheduler.after(random.nextLong(simulation.options().thinkNanosMax()), "client", this::ask);
        }
    }

    private void ask() {
        SimMember.Process member = simulation.anyProcess();
        if (member == null) {
            think();
            return;
        }
        requests++;
        String key = key();
        int dice = random.nextInt(100);
        if (dice < 30) {
            propose(member, new Request.Put(key, value()), 0);
        } else if (dice < 50) {
            read(member, new Request.Range(key));
        } else if (dice < 58) {
            read(member, new Request.Range(ALL_KEYS, ALL_KEYS_END));
        } else if (dice < 63) {
            readLate(member, random.nextBoolean() ? new Request.Range(key) : new Request.Range(ALL_KEYS, ALL_KEYS_END));
        } else if (dice < 70) {
            propose(
                    member,
                    random.nextInt(8) == 0 ? new Request.Delete(ALL_KEYS, ALL_KEYS_END) : new Request.Delete(key),
                    0);
        } else if (dice < 85) {
            propose(member, compareAndSwap(key), 0);
        } else if (dice < 89) {
            long ttl = 3 + random.nextInt(8);
            propose(member, new Request.Grant((number + 1L) << 32 | requests), ttl);
        } else if (leases.isEmpty()) {
            think();
        } else {
            Lease lease = leases.get(leases.size() - 1 - random.nextInt(Math.min(3, leases.size())));
            if (dice < 98) {
                propose(member, new Request.Put(key, value(), lease.id), 0);
            } else {
                propose(member, new Request.Revoke(lease.id), 0);
            }
        }
    }

    private String key() {
        return ALL_KEYS + random.nextInt(simulation.options().keys());
    }

    private String value() {
        return "c" + number + "-" + values++;
    }

    private Request compareAndSwap(String key) {
        long seen = lastSeen.getOrDefault(key, 0L);
        List<Request> success = new ArrayList<>(List.of(new Request.Put(key, value())));
        if (random.nextInt(3) == 0) {
            String other = key();
            if (!other.equals(key)) {
                success.add(random.nextBoolean() ? new Request.Put(other, value()) : new Request.Delete(other));
            }
        }
        return new Request.Txn(List.of(new Request.Compare(key, seen, null)), success, List.of(new Request.Range(key)));
    }

    private void propose(SimMember.Process member, Request request, long ttlSeconds) {
        Call call = new Call(request, ttlSeconds);
        // The answer comes on the apply loop of the member; its way to the client takes time.
        member.proposals.propose(Conversions.proposal(request, ttlSeconds), new Completion<MessageLite>() {
            @Override
            public void complete(MessageLite answer) {
                call.answer(Conversions.response(answer));
            }

            @Override
            public void fail(EtcdError error) {
                if (error == EtcdError.LEASE_NOT_FOUND || error == EtcdError.LEASE_EXISTS) {
                    call.answer(new Response(0, new Response.LeaseRefused()));
                } else {
                    call.fail();
                }
            }

            @Override
            public boolean isAbandoned() {
                return call.over;
            }
        });
    }

    private void read(SimMember.Process member, Request.Range request) {
        Call call = new Call(request, 0);
        member.gate().await(new Completion<Long>() {
            @Override
            public void complete(Long index) {
                if (member.isAlive()) {
                    RangeResult result = range(member, request);
                    call.answer(new Response(result.revision(), found(result)));
                }
            }

            @Override
            public void fail(EtcdError error) {
                call.fail();
            }
        });
    }

    private void readLate(SimMember.Process member, Request.Range request) {
        member.execute(() -> {
            RangeResult result = range(member, request);
            lateReads.add(new HistoryCheck.LateRead(
                    request, result.revision(), found(result).keyValues()));
        });
        think();
    }

    private static RangeResult range(SimMember.Process member, Request.Range request) {
        try {
            return member.store.range(Messages.range(request).build());
        } catch (KvException e) {
            throw new AssertionError("nothing is compacted", e);
        }
    }

    private static Response.Found found(RangeResult result) {
        return Messages.found(
                result.keyValues().stream().map(Conversions::parse).toList());
    }

    /** Keeps the lease alive, as etcd's clients do, until it loses interest. */
    private void keepAlive(Lease lease) {
        scheduler.after(lease.ttlSeconds * 1_000_000_000L / 3, "keep alive", () -> {
            SimMember.Process leader = simulation.anyLeader();
            Renewal.State state = leader == null
                    ? Renewal.State.NOT_PRIMARY
                    : leader.lessor.renew(lease.id, leader.clock().nanos()).state();
            // A leader that was deposed without knowing it renews in vain, in etcd as well.
            if (state == Renewal.State.RENEWED && leader != null && simulation.isNewestLeader(leader)) {
                lease.renewedAt = scheduler.now();
            }
            if (state != Renewal.State.UNKNOWN && !stopped && random.nextInt(12) != 0) {
                keepAlive(lease);
            }
        });
    }

    /** A request under way. */
    private final class Call {
        private final Request request;
        private final long ttlSeconds;
        private final long calledAt = scheduler.now();
        private boolean over;

        Call(Request request, long ttlSeconds) {
            this.request = request;
            this.ttlSeconds = ttlSeconds;
            scheduler.after(PATIENCE, "patience", this::fail);
        }

        void answer(Response response) {
            scheduler.after(random.nextLong(500_000), "answer", () -> {
                if (over) {
                    return;
                }
                over = true;
                history.add(new Operation(number, request, calledAt, scheduler.now(), response));
                learn(response.result());
                think();
            });
        }

        void fail() {
            if (over) {
                return;
            }
            over = true;
            history.add(Operation.unknown(number, request, calledAt));
            think();
        }

        private void learn(Response.Result result) {
            if (result instanceof Response.Found found) {
                found.keyValues().forEach(each -> lastSeen.put(each.key(), each.modRevision()));
                if (request instanceof Request.Range range && found.keyValues().isEmpty()) {
                    lastSeen.remove(range.key());
                }
            } else if (result instanceof Response.Decided decided) {
                decided.results().forEach(this::learn);
            } else if (request instanceof Request.Grant grant && result instanceof Response.Done) {
                Lease lease = new Lease(grant.lease(), ttlSeconds, calledAt);
                leases.add(lease);
                if (random.nextInt(3) != 0) {
                    keepAlive(lease);
                }
            }
        }
    }

    /** The last word on a history: a read that everybody can rely on. */
    static void readAll(SimMember.Process member, List<Operation> history, SimScheduler scheduler, Runnable done) {
        Request.Range request = new Request.Range(ALL_KEYS, ALL_KEYS_END);
        long calledAt = scheduler.now();
        member.gate().await(new Completion<Long>() {
            @Override
            public void complete(@Nullable Long index) {
                RangeResult result = range(member, request);
                history.add(new Operation(
                        -1, request, calledAt, scheduler.now(), new Response(result.revision(), found(result))));
                done.run();
            }

            @Override
            public void fail(EtcdError error) {
                throw new AssertionError("a read of a healthy cluster failed: " + error);
            }
        });
    }
}
