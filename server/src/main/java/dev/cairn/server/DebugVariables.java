package dev.cairn.server;

import dev.cairn.raft.PeerProgress;
import dev.cairn.raft.RaftStatus;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.http.Json;
import dev.cairn.server.membership.Identity;
import dev.cairn.server.membership.RaftGroup;
import dev.cairn.server.metrics.Metrics;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;

/**
 * The variables under {@code /debug/vars}, with the names that etcd gives them: the command line, the limit of open files, the memory as
 * far as a Java process has the same figures, and the state of the Raft core. Thread-safe.
 */
final class DebugVariables {
    private final RaftGroup raft;
    private final List<String> commandLine;

    DebugVariables(RaftGroup raft, List<String> commandLine) {
        this.raft = raft;
        this.commandLine = List.copyOf(commandLine);
    }

    /** The variables as JSON texts. The core is asked, and left out when it does not answer. */
    CompletionStage<Map<String, String>> read() {
        Map<String, String> variables = new TreeMap<>();
        variables.put("cmdline", commandLine.stream().map(Json::quote).collect(Collectors.joining(",", "[", "]")));
        variables.put("file_descriptor_limit", String.format("%.0f", Metrics.openFilesMax()));
        variables.put("memstats", memory());
        CompletableFuture<Map<String, String>> read = new CompletableFuture<>();
        raft.look(new Completion<>() {
            @Override
            public void complete(RaftStatus status) {
                variables.put("raft.status", text(status));
                read.complete(variables);
            }

            @Override
            public void fail(EtcdError error) {
                read.complete(variables);
            }
        });
        return read;
    }

    private static String memory() {
        MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
        MemoryUsage other = ManagementFactory.getMemoryMXBean().getNonHeapMemoryUsage();
        long collections = 0;
        long millis = 0;
        for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            collections += Math.max(0, collector.getCollectionCount());
            millis += Math.max(0, collector.getCollectionTime());
        }
        return "{\"Alloc\":" + heap.getUsed() + ",\"Sys\":" + (heap.getCommitted() + other.getCommitted())
                + ",\"HeapAlloc\":"
                + heap.getUsed() + ",\"HeapSys\":" + heap.getCommitted() + ",\"HeapIdle\":"
                + (heap.getCommitted() - heap.getUsed()) + ",\"HeapInuse\":" + heap.getUsed() + ",\"OtherSys\":"
                + other.getCommitted() + ",\"PauseTotalNs\":" + millis * 1_000_000 + ",\"NumGC\":" + collections + "}";
    }

    /** As etcd's core prints itself. */
    private static String text(RaftStatus status) {
        StringBuilder progress = new StringBuilder("{");
        status.progress().forEach((member, at) -> {
            if (progress.length() > 1) {
                progress.append(',');
            }
            progress.append(Json.quote(Identity.hex(member))).append(':').append(text(at));
        });
        return "{\"id\":" + id(status.id()) + ",\"term\":" + status.hardState().term() + ",\"vote\":"
                + id(status.hardState().vote()) + ",\"commit\":"
                + status.hardState().commit() + ",\"lead\":"
                + id(status.softState().leader()) + ",\"raftState\":"
                + Json.quote(status.softState().role().wireName()) + ",\"applied\":" + status.applied()
                + ",\"progress\":" + progress.append('}') + ",\"leadtransferee\":" + id(status.leadTransferee()) + "}";
    }

    private static String text(PeerProgress progress) {
        return "{\"match\":" + progress.match() + ",\"next\":" + progress.next() + ",\"state\":"
                + Json.quote(progress.state().wireName()) + "}";
    }

    private static String id(long member) {
        return Json.quote(Identity.hex(member));
    }
}
