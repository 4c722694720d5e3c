package dev.cairn.server;

import dev.cairn.raft.message.Entry;
import dev.cairn.wal.LogSink;
import java.util.ArrayList;
import java.util.List;

/** What a log holds in the end. */
public final class LogInMemory implements LogSink {
    private final List<Entry> entries = new ArrayList<>();

    public List<Entry> entries() {
        return entries;
    }

    public List<Long> indexes() {
        return entries.stream().map(Entry::index).toList();
    }

    @Override
    public void entry(Entry entry) {
        entries.removeIf(each -> each.index() >= entry.index());
        entries.add(entry);
    }

    @Override
    public void restart() {
        entries.clear();
    }
}
