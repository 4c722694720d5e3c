package dev.cairn.proxy.rpc;

import dev.cairn.proto.etcdserverpb.LeaseGrantRequest;
import dev.cairn.proto.etcdserverpb.LeaseGrantResponse;
import dev.cairn.proto.etcdserverpb.LeaseGrpc;
import dev.cairn.proto.etcdserverpb.LeaseKeepAliveResponse;
import dev.cairn.proto.etcdserverpb.PutRequest;
import dev.cairn.proto.etcdserverpb.PutResponse;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps written down where this proxy is, under a lease: others see it as long as it lives. When the lease is gone it is written down anew, at
 * most once a second. What is under way is one call.
 */
final class Registration {
    private static final Logger LOG = LoggerFactory.getLogger(Registration.class);
    private static final long AGAIN_MILLIS = 1_000;
    private static final long CALL_LIMIT_SECONDS = 5;

    private final Kv kv;
    private final LeaseGrpc.LeaseStub leases;
    private final Renewals renewals;
    private final EventLoop loop;
    private final String prefix;
    private final ProxyNames.Place place;
    private final long ttlSeconds;

    /** @param kv as clients see it */
    Registration(
            Kv kv,
            Channel channel,
            Renewals renewals,
            EventLoop loop,
            String prefix,
            ProxyNames.Place place,
            long ttlSeconds) {
        this.kv = kv;
        this.leases = LeaseGrpc.newStub(channel).withWaitForReady();
        this.renewals = renewals;
        this.loop = loop;
        this.prefix = prefix;
        this.place = place;
        this.ttlSeconds = ttlSeconds;
    }

    /** Registers, and stays so from now on. */
    void open() {
        Caller.NOBODY.runApart(() -> leases.withDeadlineAfter(CALL_LIMIT_SECONDS, TimeUnit.SECONDS)
                .leaseGrant(LeaseGrantRequest.newBuilder().setTTL(ttlSeconds).build(), new Step<LeaseGrantResponse>() {
                    @Override
                    public void onNext(LeaseGrantResponse granted) {
                        write(granted.getID());
                    }
                }));
    }

    private void write(long lease) {
        kv.put(
                PutRequest.newBuilder()
                        .setKey(ProxyNames.key(prefix, place.address()))
                        .setValue(ProxyNames.value(place))
                        .setLease(lease)
                        .build(),
                new Step<PutResponse>() {
                    @Override
                    public void onNext(PutResponse response) {
                        LOG.atInfo()
                                .setMessage("registered session with lease")
                                .addKeyValue("addr", place.address())
                                .addKeyValue("lease-ttl", ttlSeconds)
                                .log();
                        renewLater(lease, System.nanoTime());
                    }
                });
    }

    /** @param aliveNanos when the lease was last known to be there */
    private void renewLater(long lease, long aliveNanos) {
        loop.schedule(() -> renew(lease, aliveNanos), ttlSeconds * 1_000 / 3, TimeUnit.MILLISECONDS);
    }

    private void renew(long lease, long aliveNanos) {
        long asked = System.nanoTime();
        renewals.renew(Caller.NOBODY, lease, new Renewals.Waiting() {
            @Override
            public void renewed(LeaseKeepAliveResponse response) {
                if (response.getTTL() > 0) {
                    renewLater(lease, asked);
                } else {
                    expired();
                }
            }

            @Override
            public void failed(Status status) {
                if (System.nanoTime() - aliveNanos < TimeUnit.SECONDS.toNanos(ttlSeconds)) {
                    renewLater(lease, aliveNanos);
                } else {
                    expired();
                }
            }
        });
    }

    private void expired() {
        LOG.warn("session expired; possible network partition or server restart");
        LOG.warn("creating a new session to rejoin");
        loop.schedule(this::open, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** One call on the way; when it fails everything begins anew. */
    private abstract class Step<A> implements StreamObserver<A> {
        @Override
        public void onError(Throwable error) {
            LOG.atWarn()
                    .setMessage("failed to create a session")
                    .addKeyValue("error", error.getMessage())
                    .log();
            loop.schedule(Registration.this::open, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
        }

        @Override
        public void onCompleted() {
            // The answer has come before.
        }
    }
}
