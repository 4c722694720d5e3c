package dev.cairn.it.load;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveRequest;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.proto.etcdserverpb.LeaseLeasesRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.testing.history.HistoryCheck;
import dev.cairn.testing.history.Messages;
import dev.cairn.testing.history.Operation;
import dev.cairn.testing.history.Request;
import dev.cairn.testing.history.Response;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/**
 * A client with a connection to each member: one request after the other at the member it likes, another request at another member when one has
 * failed. Runs on a thread of its own; {@link #stop} may be called by any.
 */
final class LoadClient implements Runnable {
    static final String KEYS = "k";
    static final String KEYS_END = "l";
    private static final int KEY_COUNT = 8;
    private static final long PATIENCE_MILLIS = 3_000;
    private static final int THINK_MILLIS_MAX = 50;

    /** How much earlier than promised a lease may end by the rounding of clocks. */
    private static final long EARLY_NANOS = 100_000_000;

    private final int number;
    private final List<ManagedChannel> members;
    private final SplittableRandom random;
    private final Notes notes;
    private final List<Operation> expiries = new ArrayList<>();
    private final TreeMap<String, Long> lastSeen = new TreeMap<>();
    private final List<Long> leases = new ArrayList<>();
    private int member;
    private int made;
    private boolean failing;
    private long failingSinceNanos;
    private long longestFailingNanos;
    private volatile boolean stopped;

    LoadClient(int number, List<ManagedChannel> members, SplittableRandom random, Notes notes) {
        this.number = number;
        this.members = members;
        this.random = random;
        this.notes = notes;
        this.member = number % members.size();
    }

    @Override
    public void run() {
        try {
            while (!stopped) {
                step();
                Uninterruptibles.sleepUninterruptibly(random.nextInt(THINK_MILLIS_MAX), TimeUnit.MILLISECONDS);
            }
        } catch (RuntimeException | Error e) {
            notes.complain("client " + number + " died of " + e);
            throw e;
        }
    }

    void stop() {
        stopped = true;
    }

    /** The ends of leases, from the first moment at which they may be. Once the client has stopped. */
    List<Operation> expiries() {
        return expiries;
    }

    /** For how long at most no request came through. Once the client has stopped. */
    Duration longestFailing() {
        return Duration.ofNanos(longestFailingNanos);
    }

    private void step() {
        if (random.nextInt(20) == 0) {
            member = random.nextInt(members.size());
        }
        long before = System.nanoTime();
        boolean done = ask();
        if (!failing) {
            failingSinceNanos = before;
        }
        failing = !done;
        if (failing) {
            longestFailingNanos = Math.max(longestFailingNanos, System.nanoTime() - failingSinceNanos);
            members.get(member).resetConnectBackoff();
            member = (member + 1) % members.size();
        }
    }

    private boolean ask() {
        String key = key();
        int dice = random.nextInt(100);
        if (dice < 30) {
            return ask(member, new Request.Put(key, value()), 0);
        } else if (dice < 48) {
            return ask(member, new Request.Range(key), 0);
        } else if (dice < 56) {
            return ask(member, new Request.Range(KEYS, KEYS_END), 0);
        } else if (dice < 61) {
            return readLate(new Request.Range(KEYS, KEYS_END));
        } else if (dice < 67) {
            return ask(member, new Request.Delete(key), 0);
        } else if (dice < 85) {
            return ask(member, compareAndSwap(key), 0);
        } else if (dice < 89 || leases.isEmpty()) {
            return ask(member, new Request.Grant((number + 1L) << 32 | ++made), 3 + random.nextInt(6));
        }
        long lease = leases.get(leases.size() - 1 - random.nextInt(Math.min(3, leases.size())));
        if (dice < 96) {
            return ask(member, new Request.Put(key, value(), lease), 0);
        } else if (dice < 98) {
            return keepAlive(lease);
        }
        return ask(member, new Request.Revoke(lease), 0);
    }

    /** One request to one member, noted. Also on behalf of others, while the client does not run. */
    boolean ask(int at, Request request, long ttlSeconds) {
        long calledAt = System.nanoTime();
        try {
            Response response = Wire.call(members.get(at), request, ttlSeconds, PATIENCE_MILLIS);
            notes.add(new Operation(number, request, calledAt, System.nanoTime(), response));
            learn(request, response.result());
            if (request instanceof Request.Grant grant) {
                leases.add(grant.lease());
                long ends = calledAt + TimeUnit.SECONDS.toNanos(ttlSeconds) - EARLY_NANOS;
                expiries.add(Operation.unknown(number, new Request.Revoke(grant.lease()), ends));
            }
            return true;
        } catch (StatusRuntimeException e) {
            if (isLeaseRefusal(e.getStatus())) {
                Response refusal = new Response(0, new Response.LeaseRefused());
                notes.add(new Operation(number, request, calledAt, System.nanoTime(), refusal));
                return true;
            }
            notes.addFailure(Operation.unknown(number, request, calledAt), e.getStatus());
            return false;
        }
    }

    /** Whether no lease is left, as far as one member knows. */
    boolean seesNoLease() {
        try {
            return LeaseGrpc.newBlockingStub(members.get(0))
                            .withDeadlineAfter(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)
                            .leaseLeases(LeaseLeasesRequest.getDefaultInstance())
                            .getLeasesCount()
                    == 0;
        } catch (StatusRuntimeException e) {
            notes.addFailure("leases", e.getStatus());
            return false;
        }
    }

    private static boolean isLeaseRefusal(Status status) {
        String text = String.valueOf(status.getDescription());
        return text.equals("etcdserver: requested lease not found") || text.equals("etcdserver: lease already exists");
    }

    private boolean readLate(Request.Range range) {
        try {
            RangeResponse response = Wire.readLate(members.get(member), range, PATIENCE_MILLIS);
            notes.add(new HistoryCheck.LateRead(
                    range,
                    response.getHeader().getRevision(),
                    Messages.found(response.getKvsList()).keyValues()));
            return true;
        } catch (StatusRuntimeException e) {
            notes.addFailure("late read", e.getStatus());
            return false;
        }
    }

    /** Leases only live longer for it; who asks for more finds out by their keys. */
    private boolean keepAlive(long lease) {
        CompletableFuture<Long> renewed = new CompletableFuture<>();
        StreamObserver<LeaseKeepAliveRequest> requests = LeaseGrpc.newStub(members.get(member))
                .withDeadlineAfter(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)
                .leaseKeepAlive(new StreamObserver<LeaseKeepAliveResponse>() {
                    @Override
                    public void onNext(LeaseKeepAliveResponse response) {
                        renewed.complete(response.getTTL());
                    }

                    @Override
                    public void onError(Throwable cause) {
                        renewed.completeExceptionally(cause);
                    }

                    @Override
                    public void onCompleted() {
                        renewed.completeExceptionally(Status.UNAVAILABLE.asRuntimeException());
                    }
                });
        requests.onNext(LeaseKeepAliveRequest.newBuilder().setID(lease).build());
        try {
            renewed.join();
            return true;
        } catch (CompletionException e) {
            notes.addFailure("keep-alive", Status.fromThrowable(e));
            return false;
        } finally {
            requests.onCompleted();
        }
    }

    private String key() {
        return KEYS + random.nextInt(KEY_COUNT);
    }

    private String value() {
        return "c" + number + "-" + ++made;
    }

    private Request compareAndSwap(String key) {
        List<Request> success = new ArrayList<>(List.of(new Request.Put(key, value())));
        String other = key();
        if (random.nextInt(3) == 0 && !other.equals(key)) {
            success.add(random.nextBoolean() ? new Request.Put(other, value()) : new Request.Delete(other));
        }
        Request.Compare compare = new Request.Compare(key, lastSeen.getOrDefault(key, 0L), null);
        return new Request.Txn(List.of(compare), success, List.of(new Request.Range(key)));
    }

    private void learn(Request request, Response.Result result) {
        if (result instanceof Response.Found found) {
            found.keyValues().forEach(each -> lastSeen.put(each.key(), each.modRevision()));
            if (request instanceof Request.Range range && found.keyValues().isEmpty()) {
                lastSeen.remove(range.key());
            }
        } else if (result instanceof Response.Decided decided) {
            decided.results().forEach(each -> learn(request, each));
        }
    }
}
