package dev.cairn.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.testing.Seed;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class ChainedCrcTest {
    @Test
    void shouldGoOnFromAnyValue() {
        long seed = Seed.choose();
        Random random = new Random(seed);
        for (int i = 0; i < 10_000; i++) {
            byte[] head = new byte[random.nextInt(40)];
            byte[] tail = new byte[random.nextInt(40)];
            random.nextBytes(head);
            random.nextBytes(tail);
            CRC32C whole = new CRC32C();
            whole.update(head);
            ChainedCrc crc = new ChainedCrc();
            crc.continueFrom((int) whole.getValue());
            assertThat(crc.value()).as("seed %d", seed).isEqualTo((int) whole.getValue());
            whole.update(tail);
            crc.update(ByteBuffer.wrap(tail));
            assertThat(crc.value()).as("seed %d", seed).isEqualTo((int) whole.getValue());
        }
    }

    @Test
    void shouldGoOnFromExtremes() {
        ChainedCrc crc = new ChainedCrc();
        for (int value : new int[] {1, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 0}) {
            crc.continueFrom(value);
            assertThat(crc.value()).isEqualTo(value);
        }
    }
}
