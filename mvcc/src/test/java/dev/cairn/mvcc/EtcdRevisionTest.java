package dev.cairn.mvcc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EtcdRevisionTest {
    private static final HexFormat HEX = HexFormat.of();

    /** Bytes that stand in the files of a real etcd. */
    @ParameterizedTest
    @CsvSource({
        "2, 0, false, 00000000000000025f0000000000000000",
        "258, 3, false, 00000000000001025f0000000000000003",
        "258, 4, true, 00000000000001025f000000000000000474",
        "9223372036854775807, 9223372036854775807, true, 7fffffffffffffff5f7fffffffffffffff74",
    })
    void shouldWriteAndReadTheFormOfEtcd(long main, long sub, boolean tombstone, String hex) throws Exception {
        Revision revision = new Revision(main, sub);

        byte[] form = EtcdRevision.encode(revision, tombstone);
        EtcdRevision decoded = EtcdRevision.decode("key", form);

        assertThat(HEX.formatHex(form)).isEqualTo(hex);
        assertThat(form).hasSize(tombstone ? EtcdRevision.TOMBSTONE_BYTES : EtcdRevision.BYTES);
        assertThat(decoded).isEqualTo(new EtcdRevision(revision, tombstone));
        assertThat(decoded.main()).isEqualTo(main);
    }

    @Test
    void shouldWriteAMainRevisionAsItsFirstChange() throws Exception {
        byte[] form = EtcdRevision.encode(7);

        assertThat(form).isEqualTo(EtcdRevision.encode(new Revision(7, 0), false));
        assertThat(EtcdRevision.decodeCompaction("value", form)).isEqualTo(7);
    }

    @Test
    void shouldOrderFormsAsRevisions() {
        Random random = new Random(11);
        List<Revision> revisions = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            revisions.add(new Revision(random.nextInt(20) * (1L << random.nextInt(50)), random.nextInt(300)));
        }
        List<byte[]> forms = new ArrayList<>();
        revisions.forEach(revision -> forms.add(EtcdRevision.encode(revision, random.nextBoolean())));

        revisions.sort(null);
        forms.sort(Arrays::compareUnsigned);

        assertThat(forms.stream().map(form -> HEX.formatHex(form, 0, EtcdRevision.BYTES)))
                .containsExactlyElementsOf(revisions.stream()
                        .map(revision -> HEX.formatHex(EtcdRevision.encode(revision, false)))
                        .toList());
    }

    @ParameterizedTest
    @CsvSource({
        "'', its length is 0 (expected: 17",
        "00000000000000025f00000000000000, its length is 16",
        "00000000000000025f00000000000000007474, its length is 19",
        "0000000000000002000000000000000000, nothing separates",
        "00000000000000025f000000000000000054, not the mark of a tombstone",
        "80000000000000025f0000000000000000, is negative",
        "00000000000000025fffffffffffffffff, 2/-1 is negative",
    })
    void shouldRefuseEverythingElse(String hex, String problem) {
        assertThatThrownBy(() -> EtcdRevision.decode("bucket key, key", HEX.parseHex(hex)))
                .isInstanceOf(InvalidContentException.class)
                .hasMessageStartingWith("bucket key, key " + hex + " is no revision: ")
                .hasMessageContaining(problem);
        assertThatThrownBy(() -> EtcdRevision.decodeCompaction("value", HEX.parseHex(hex)))
                .isInstanceOf(InvalidContentException.class)
                .hasMessageContaining(problem);
    }

    @Test
    void shouldNotShowAllOfALongKey() {
        assertThatThrownBy(() -> EtcdRevision.decode("key", new byte[1 << 20]))
                .isInstanceOf(InvalidContentException.class)
                .satisfies(thrown -> assertThat(thrown.getMessage()).hasSizeLessThan(200));
    }

    @Test
    void shouldRefuseATombstoneAsACompaction() {
        byte[] tombstone = EtcdRevision.encode(new Revision(2, 0), true);

        assertThatThrownBy(() -> EtcdRevision.decodeCompaction("value", tombstone))
                .isInstanceOf(InvalidContentException.class)
                .hasMessageContaining("a tombstone cannot stand here");
    }
}
