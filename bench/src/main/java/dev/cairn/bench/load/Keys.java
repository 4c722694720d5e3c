package dev.cairn.bench.load;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.PutRequest;
import java.util.Random;

/** The keys {@code 00000000} and so on, and their values. Stateless. */
public final class Keys {
    /** As many as etcd's tool is told to spread its writes over. */
    public static final int SPACE = 100_000;

    public static final int VALUE_BYTES = 256;

    private static final ByteString VALUE = value(VALUE_BYTES);

    private Keys() {}

    public static String name(long number) {
        return String.format("%08d", number);
    }

    public static ByteString key(long number) {
        return ByteString.copyFromUtf8(name(number));
    }

    public static PutRequest put(long number) {
        return PutRequest.newBuilder().setKey(key(number)).setValue(VALUE).build();
    }

    /** One that does not compress. */
    public static ByteString value(int bytes) {
        byte[] value = new byte[bytes];
        new Random(1).nextBytes(value);
        return ByteString.copyFrom(value);
    }
}
