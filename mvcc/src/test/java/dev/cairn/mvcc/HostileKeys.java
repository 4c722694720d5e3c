package dev.cairn.mvcc;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Keys that lie as close together as keys can: equal prefixes, zero bytes and 0xff, lengths around the chunk borders. */
final class HostileKeys {
    private static final int[] LENGTHS = {479, 480, 481, 482, 959, 960, 961, 1440, 1441};

    private HostileKeys() {}

    /** So many different keys; the first half is short. */
    static List<ByteString> some(Random random, int count) {
        List<ByteString> keys = new ArrayList<>();
        while (keys.size() < count) {
            ByteString key = keys.size() < count / 2 ? shortKey(random) : longKey(random);
            if (!keys.contains(key)) {
                keys.add(key);
            }
        }
        return keys;
    }

    private static ByteString shortKey(Random random) {
        byte[] key = new byte[1 + random.nextInt(3)];
        for (int i = 0; i < key.length; i++) {
            key[i] = odd(random);
        }
        return ByteString.copyFrom(key);
    }

    static ByteString longKey(Random random) {
        byte[] key = new byte[LENGTHS[random.nextInt(LENGTHS.length)]];
        Arrays.fill(key, (byte) 'a');
        if (random.nextBoolean()) {
            key[key.length - 1] = odd(random);
        }
        if (random.nextInt(4) == 0) {
            key[478 + random.nextInt(Math.min(4, key.length - 478))] = odd(random);
        }
        return ByteString.copyFrom(key);
    }

    private static byte odd(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> (byte) 0xff;
            case 2 -> 'a';
            default -> (byte) (1 + random.nextInt(2));
        };
    }
}
