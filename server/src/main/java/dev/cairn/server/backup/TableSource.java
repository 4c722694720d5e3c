package dev.cairn.server.backup;

import java.io.IOException;

/**
 * The content of etcd's database: buckets with pairs, all of them sorted. It can be walked through as often as wanted and is the same each
 * time, because a database is written from lengths that are known before its bytes.
 *
 * <p>Implementations hold in memory what a pair takes, not what a bucket takes. Confined to one thread.
 */
public interface TableSource {
    /** Hears the content, in order. Arrays belong to the visitor. */
    interface Visitor {
        /** A bucket begins; its pairs follow. Names ascend. */
        void bucket(String name) throws IOException;

        /** A pair of the bucket that began last. Keys ascend as unsigned bytes. */
        void pair(byte[] key, byte[] value) throws IOException;
    }

    /**
     * Walks through everything.
     *
     * @throws IOException when the content cannot be read, or is none of a database's
     */
    void visit(Visitor visitor) throws IOException;

    /** About how many bytes there are: what progress is measured by. */
    long bytes();
}
