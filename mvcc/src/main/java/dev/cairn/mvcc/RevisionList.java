package dev.cairn.mvcc;

import java.util.ArrayList;
import java.util.List;

/** Many revisions in twelve bytes each. Not thread-safe. */
final class RevisionList {
    private static final int CHUNK_SIZE = 1024;

    private final List<Chunk> chunks = new ArrayList<>();
    private int size;

    private static final class Chunk {
        final long[] mains = new long[CHUNK_SIZE];
        final int[] subs = new int[CHUNK_SIZE];
    }

    void add(Revision revision) {
        int at = size % CHUNK_SIZE;
        if (at == 0) {
            chunks.add(new Chunk());
        }
        Chunk last = chunks.get(chunks.size() - 1);
        last.mains[at] = revision.main();
        last.subs[at] = Math.toIntExact(revision.sub());
        size++;
    }

    Revision get(int index) {
        Chunk chunk = chunks.get(index / CHUNK_SIZE);
        return new Revision(chunk.mains[index % CHUNK_SIZE], chunk.subs[index % CHUNK_SIZE]);
    }

    int size() {
        return size;
    }
}
