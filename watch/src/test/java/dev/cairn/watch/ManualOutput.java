package dev.cairn.watch;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.proto.etcdserverpb.WatchResponse;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A transport and an executor that go on only when the test says so. Confined to the test's thread. */
final class ManualOutput implements WatchOutput {
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final List<WatchResponse> received = new ArrayList<>();
    private final List<Integer> sizes = new ArrayList<>();

    /** How many responses the transport takes before it is not ready. */
    private int window = Integer.MAX_VALUE;

    private boolean reportedUnready;
    private @Nullable Failure failure;

    @Override
    public boolean isReady() {
        reportedUnready |= window == 0;
        return window > 0;
    }

    @Override
    public void send(EncodedResponse response) {
        if (window == 0 || failure != null) {
            throw new AssertionError("sent although the transport was not ready or had failed");
        }
        window--;
        ByteString bytes = response.toByteString();
        if (bytes.size() != response.size()) {
            throw new AssertionError("size is " + response.size() + ", wrote " + bytes.size());
        }
        sizes.add(bytes.size());
        try {
            WatchResponse decoded = WatchResponse.parseFrom(bytes);
            if (decoded.getEventsCount() != response.events()) {
                throw new AssertionError("counted " + response.events() + " events in " + decoded);
            }
            // Nothing unknown, nothing in another order than protobuf's own.
            if (!decoded.toByteString().equals(bytes)) {
                throw new AssertionError("not the canonical encoding of " + decoded);
            }
            received.add(decoded);
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void execute(Runnable task) {
        tasks.addLast(task);
    }

    @Override
    public void fail(Failure failure) {
        if (this.failure != null) {
            throw new AssertionError("failed twice");
        }
        this.failure = failure;
    }

    @Nullable
    Failure failure() {
        return failure;
    }

    /** Opens or closes the window; returns whether {@link WatchStream#onReady} has to be called. */
    boolean setWindow(int responses) {
        window = responses;
        boolean report = reportedUnready && responses > 0;
        if (report) {
            reportedUnready = false;
        }
        return report;
    }

    boolean runTask() {
        Runnable task = tasks.pollFirst();
        if (task == null) {
            return false;
        }
        task.run();
        return true;
    }

    int waitingTasks() {
        return tasks.size();
    }

    List<Integer> sizes() {
        return sizes;
    }

    /** What came since the last call. */
    List<WatchResponse> take() {
        List<WatchResponse> taken = List.copyOf(received);
        received.clear();
        return taken;
    }
}
