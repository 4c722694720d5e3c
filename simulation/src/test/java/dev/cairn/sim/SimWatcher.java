package dev.cairn.sim;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.proto.etcdserverpb.WatchCreateRequest;
import dev.cairn.proto.etcdserverpb.WatchProgressRequest;
import dev.cairn.proto.etcdserverpb.WatchRequest;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import dev.cairn.testing.history.Event;
import dev.cairn.testing.history.Messages;
import dev.cairn.testing.history.WatchGuarantees;
import dev.cairn.watch.EncodedResponse;
import dev.cairn.watch.WatchOutput;
import dev.cairn.watch.WatchStream;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A client that watches a range from the first revision on. When its member dies, or when it feels like it, it goes on at another
 * behind what it has seen.
 */
final class SimWatcher {
    private static final long LOOK_NANOS = 200_000_000;

    private final Simulation simulation;
    private final SimScheduler scheduler;
    private final SplittableRandom random;
    private final String key;
    private final @Nullable String end;
    private final boolean previous;
    private final List<WatchGuarantees.Watcher> ended = new ArrayList<>();
    private List<WatchGuarantees.Told> told = new ArrayList<>();
    private long first = 1;
    private @Nullable Connection connection;
    private long next = 1;
    private boolean steady;

    SimWatcher(Simulation simulation, SimScheduler scheduler, String key, @Nullable String end) {
        this.simulation = simulation;
        this.scheduler = scheduler;
        this.random = scheduler.random();
        this.key = key;
        this.end = end;
        // Of what has been compacted there is no previous value.
        this.previous = random.nextBoolean() && !simulation.options().compacts();
    }

    void start() {
        look();
    }

    /** Stays where it is from now on. */
    void steady() {
        steady = true;
    }

    WatchGuarantees.Watcher watched() {
        return new WatchGuarantees.Watcher(key, end, first, previous, told);
    }

    /** What ended because history was compacted before it was told. */
    List<WatchGuarantees.Watcher> ended() {
        return ended;
    }

    /** Goes on behind what has been compacted; what lies between is lost to it. */
    private void beginAnew(long compacted) {
        ended.add(watched());
        told = new ArrayList<>();
        first = compacted + 1;
        next = first;
    }

    private void look() {
        scheduler.after(LOOK_NANOS / 2 + random.nextLong(LOOK_NANOS), "watcher", () -> {
            Connection now = connection;
            if (now != null && now.isOpen() && !steady && random.nextInt(25) == 0) {
                now.close();
                connection = null;
            } else if (now == null || !now.isOpen()) {
                SimMember.Process process = simulation.anyProcess();
                connection = process == null ? null : new Connection(process);
            } else if (random.nextInt(10) == 0) {
                now.askProgress();
            }
            look();
        });
    }

    private final class Connection implements WatchOutput {
        private final SimMember.Process member;
        private final WatchStream stream;
        private boolean ended;
        private boolean blocked;
        private long lastTaskAt;
        private long lastArrivalAt;

        Connection(SimMember.Process member) {
            this.member = member;
            this.stream = member.watches.open(this);
            WatchCreateRequest create = WatchCreateRequest.newBuilder()
                    .setKey(Messages.bytes(key))
                    .setRangeEnd(Messages.bytes(end))
                    .setStartRevision(next)
                    .setPrevKv(previous)
                    .setProgressNotify(true)
                    .build();
            execute(() -> stream.onRequest(
                    WatchRequest.newBuilder().setCreateRequest(create).build()));
        }

        boolean isOpen() {
            return !ended && member.isAlive();
        }

        void close() {
            ended = true;
            if (member.isAlive()) {
                later(stream::close);
            }
        }

        void askProgress() {
            execute(() -> {
                if (stream.acceptsRequests()) {
                    stream.onRequest(WatchRequest.newBuilder()
                            .setProgressRequest(WatchProgressRequest.getDefaultInstance())
                            .build());
                }
            });
        }

        @Override
        public boolean isReady() {
            if (!blocked && random.nextInt(20) == 0) {
                blocked = true;
                scheduler.after(random.nextLong(300_000_000), "ready", () -> {
                    blocked = false;
                    execute(stream::onReady);
                });
            }
            return !blocked;
        }

        @Override
        public void execute(Runnable task) {
            later(() -> {
                if (!ended) {
                    task.run();
                }
            });
        }

        private void later(Runnable task) {
            // In their order, also when the process is stopped meanwhile.
            lastTaskAt = Math.max(lastTaskAt, member.awakeAt()) + 1 + random.nextLong(50_000);
            scheduler.at(lastTaskAt, "stream", () -> {
                if (member.isAlive()) {
                    task.run();
                }
            });
        }

        @Override
        public void send(EncodedResponse response) {
            lastArrivalAt = Math.max(lastArrivalAt, scheduler.now()) + 1 + random.nextLong(1_000_000);
            scheduler.at(lastArrivalAt, "watched", () -> {
                // What is on its way when the member dies, or the client leaves, does not arrive.
                if (isOpen()) {
                    receive(response);
                }
            });
        }

        @Override
        public void fail(Failure failure) {
            ended = true;
        }

        private void receive(EncodedResponse encoded) {
            WatchResponse response;
            try {
                response = WatchResponse.parseFrom(encoded.toByteString());
            } catch (InvalidProtocolBufferException e) {
                throw new AssertionError("a response that cannot be read", e);
            }
            if (response.getCompactRevision() >= next && simulation.options().compacts()) {
                ended = true;
                later(stream::close);
                beginAnew(response.getCompactRevision());
                return;
            }
            if (response.getCanceled()) {
                throw new AssertionError("a watcher was canceled: " + response);
            }
            if (response.getCreated()) {
                return;
            }
            List<Event> events = Messages.events(response);
            WatchGuarantees.Told one =
                    new WatchGuarantees.Told(response.getHeader().getRevision(), events);
            told.add(one);
            next = Math.max(
                    next,
                    1
                            + (one.isProgress()
                                    ? one.revision()
                                    : events.get(events.size() - 1).revision()));
        }
    }
}
