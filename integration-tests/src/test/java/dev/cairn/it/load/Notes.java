package dev.cairn.it.load;

import dev.cairn.testing.history.HistoryCheck;
import dev.cairn.testing.history.Operation;
import dev.cairn.testing.history.Request;
import io.grpc.Status;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What all clients of a load have seen. Thread-safe: all state is under its monitor. */
final class Notes {
    private final List<Operation> operations = new ArrayList<>();
    private final List<HistoryCheck.LateRead> lateReads = new ArrayList<>();
    private final Map<String, Integer> failures = new TreeMap<>();
    private final List<String> complaints = new ArrayList<>();

    synchronized void add(Operation operation) {
        operations.add(operation);
    }

    synchronized void add(HistoryCheck.LateRead read) {
        lateReads.add(read);
    }

    /** A call failed, its outcome unknown. What clients of etcd do not take for a passing trouble is a complaint. */
    synchronized void addFailure(Operation operation, Status status) {
        operations.add(operation);
        addFailure(operation.request().getClass().getSimpleName(), status);
    }

    synchronized void addFailure(String what, Status status) {
        String text = status.getCode() + " " + status.getDescription();
        failures.merge(status.getCode() + "", 1, Integer::sum);
        boolean passes = switch (status.getCode()) {
            case UNAVAILABLE, DEADLINE_EXCEEDED -> true;
            // The one such error for which etcd has no code; and what the client's own library says of a connection
            // that has just gone.
            case UNKNOWN ->
                "raft proposal dropped".equals(status.getDescription())
                        || status.getCause() instanceof ClosedChannelException;
            default -> false;
        };
        if (!passes) {
            complaints.add(what + ": " + text);
        }
    }

    synchronized void complain(String complaint) {
        complaints.add(complaint);
    }

    synchronized List<Operation> operations() {
        return List.copyOf(operations);
    }

    synchronized List<HistoryCheck.LateRead> lateReads() {
        return List.copyOf(lateReads);
    }

    synchronized List<String> complaints() {
        return List.copyOf(complaints);
    }

    synchronized long answered() {
        return operations.stream().filter(each -> !each.isUnknown()).count();
    }

    @Override
    public synchronized String toString() {
        long writes = operations.stream()
                .filter(each -> !each.isUnknown() && !(each.request() instanceof Request.Range))
                .count();
        return operations.size() + " requests, " + writes + " writes answered, " + lateReads.size()
                + " late reads, failed " + failures;
    }
}
