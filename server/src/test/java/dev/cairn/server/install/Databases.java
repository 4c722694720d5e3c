package dev.cairn.server.install;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import dev.cairn.bbolt.BoltFormat;
import dev.cairn.bbolt.BoltPlan;
import dev.cairn.bbolt.BoltWriter;
import dev.cairn.mvcc.EtcdRevision;
import dev.cairn.proto.mvccpb.KeyValue;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Database files such as etcd has, with whatever content a test wants. */
final class Databases {
    static final byte[] CONF_STATE = "{\"voters\":[17],\"auto_leave\":false}".getBytes(UTF_8);
    private static final String[] BUCKETS = {
        "alarm", "auth", "authRoles", "authUsers", "cluster", "key", "lease", "members", "members_removed", "meta"
    };

    private Databases() {}

    /** Buckets and pairs, to be changed. */
    static final class Content {
        final NavigableMap<String, NavigableMap<byte[], byte[]>> buckets = new TreeMap<>();

        Content put(String bucket, byte[] key, byte[] value) {
            buckets.computeIfAbsent(bucket, any -> new TreeMap<>(Arrays::compareUnsigned))
                    .put(key, value);
            return this;
        }

        Content remove(String bucket, String key) {
            buckets.computeIfPresent(bucket, (name, pairs) -> {
                pairs.remove(key.getBytes(UTF_8));
                return pairs;
            });
            return this;
        }

        Content put(String bucket, String key, byte[] value) {
            return put(bucket, key.getBytes(UTF_8), value);
        }

        Content put(String bucket, String key, String value) {
            return put(bucket, key, value.getBytes(UTF_8));
        }

        Path write(Path file) throws IOException {
            BoltPlan plan = new BoltPlan(BoltFormat.DEFAULT_PAGE_BYTES);
            buckets.forEach((name, pairs) -> {
                plan.bucket(name.length());
                pairs.forEach((key, value) -> plan.pair(key.length, value.length));
            });
            plan.finish();
            try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                BoltWriter writer = new BoltWriter(out, plan);
                for (Map.Entry<String, NavigableMap<byte[], byte[]>> bucket : buckets.entrySet()) {
                    writer.bucket(bucket.getKey().getBytes(UTF_8));
                    for (Map.Entry<byte[], byte[]> pair : bucket.getValue().entrySet()) {
                        writer.pair(ByteBuffer.wrap(pair.getKey()), ByteBuffer.wrap(pair.getValue()));
                    }
                }
                writer.finish();
            }
            return file;
        }
    }

    /** A member with the ID 17, keys {@code key-1} and so on, and the log applied up to an entry of term 3. */
    static Content member(long appliedIndex, int keys) {
        Content content = new Content();
        for (String bucket : BUCKETS) {
            content.buckets.put(bucket, new TreeMap<>(Arrays::compareUnsigned));
        }
        for (int i = 1; i <= keys; i++) {
            content.put("key", EtcdRevision.encode(1 + i), keyValue("key-" + i, 1 + i, "value-" + i));
        }
        return content.put("members", "11", "{\"id\":17,\"peerURLs\":[\"http://127.0.0.1:1\"],\"name\":\"one\"}")
                .put("cluster", "clusterVersion", "3.7.0")
                .put("meta", "confState", CONF_STATE)
                .put("meta", "consistent_index", number(appliedIndex))
                .put("meta", "term", number(3))
                .put("meta", "storageVersion", "3.7.0");
    }

    static byte[] keyValue(String key, long revision, String value) {
        return KeyValue.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setCreateRevision(revision)
                .setModRevision(revision)
                .setVersion(1)
                .setValue(ByteString.copyFromUtf8(value))
                .build()
                .toByteArray();
    }

    static byte[] number(long value) {
        return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
    }
}
