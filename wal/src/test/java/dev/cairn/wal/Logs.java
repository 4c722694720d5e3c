package dev.cairn.wal;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.zip.GZIPInputStream;

/** Logs to test with: real ones, random ones, and what is read from them. */
final class Logs {
    static final WalMetadata METADATA = new WalMetadata(0xfedc_ba98_7654_3210L, 0x0123_4567_89ab_cdefL);
    static final String FIRST_SEGMENT = "0000000000000000-0000000000000000.wal";
    static final long GOLDEN_LAST_INDEX = 34;

    /** Small segments, and a helper that works at once. */
    static final WalOptions SMALL = WalOptions.of(Runnable::run, WalListener.NONE)
            .withSegmentBytes(16 << 10)
            .withBufferBytes(4 << 10);

    private Logs() {}

    /** A log and what reading it gave. */
    record Read(WalContents contents, List<Entry> entries) {}

    static Read read(Path directory, long index, long term) throws IOException {
        try (WalReader reader = WalReader.open(directory, index, term)) {
            return read(reader);
        }
    }

    static Read read(WalReader reader) throws IOException {
        List<Entry> entries = new ArrayList<>();
        WalContents contents = reader.read(into(entries));
        return new Read(contents, entries);
    }

    /** A log in memory. */
    static LogSink into(List<Entry> entries) {
        return new LogSink() {
            @Override
            public void entry(Entry entry) {
                if (!entries.isEmpty()) {
                    long keep = entry.index() - entries.get(0).index();
                    while (entries.size() > keep) {
                        entries.remove(entries.size() - 1);
                    }
                }
                entries.add(entry);
            }

            @Override
            public void restart() {
                entries.clear();
            }
        };
    }

    static WalWriter resume(Path directory, WalOptions options, List<Entry> entries) throws IOException {
        try (WalReader reader = WalReader.openForAppend(directory, 0, 0)) {
            reader.read(into(entries));
            return WalWriter.resume(reader, options);
        }
    }

    static byte[] golden(String name) {
        String resource = "golden/" + name;
        try (InputStream in = Objects.requireNonNull(Logs.class.getResourceAsStream(resource), resource)) {
            return name.endsWith(".gz") ? new GZIPInputStream(in).readAllBytes() : in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The real log in a directory of its own, with some of the zeros it had. */
    static Path goldenLog(Path parent) throws IOException {
        Path directory = Files.createDirectories(parent.resolve("wal"));
        byte[] records = golden(FIRST_SEGMENT + ".gz");
        Files.write(
                directory.resolve(FIRST_SEGMENT), Arrays.copyOf(records, records.length + 8192 - records.length % 8));
        return directory;
    }

    static Entry entry(long term, long index, String data) {
        return new Entry(term, index, EntryType.NORMAL, ByteString.copyFromUtf8(data));
    }

    /** An entry of any type and size; now and then larger than the buffer of {@link #SMALL}. */
    static Entry randomEntry(Random random, long term, long index) {
        int kind = random.nextInt(20);
        int size = kind == 0 ? 0 : kind == 1 ? 3000 + random.nextInt(20_000) : random.nextInt(300);
        byte[] data = new byte[size];
        if (kind != 2) {
            random.nextBytes(data);
        }
        EntryType type =
                kind == 3 && size > 0 ? EntryType.CONF_CHANGE : kind == 4 ? EntryType.CONF_CHANGE_V2 : EntryType.NORMAL;
        return new Entry(term, index, type, ByteString.copyFrom(data));
    }

    static HardState state(long term, long commit) {
        return new HardState(term, METADATA.nodeId(), commit);
    }
}
