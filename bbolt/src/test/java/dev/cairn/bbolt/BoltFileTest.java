package dev.cairn.bbolt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that the real bbolt wrote, see the page beside them. */
class BoltFileTest {
    private static final int PAGE = 4096;

    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"plain", "unlisted", "small-pages"})
    void shouldReadWhatBboltWrote(String name) throws IOException {
        try (BoltFile file = BoltFile.open(Bolts.golden(temp, name))) {
            file.check();
            assertThat(Bolts.digest(file)).isEqualTo(Bolts.GOLDEN_DIGEST);
            assertThat(file.pageSize()).isEqualTo(name.equals("small-pages") ? 1024 : PAGE);
            if (name.equals("unlisted")) {
                assertThat(file.freePages()).isNull();
            } else {
                assertThat(file.freePages()).isNotNull().matches(free -> !free.isEmpty());
            }
        }
    }

    @Test
    void shouldReadAnEmptyFile() throws IOException {
        try (BoltFile file = BoltFile.open(Bolts.golden(temp, "empty"))) {
            file.check();
            assertThat(file.root().cursor().next()).isFalse();
            assertThat(file.root().bucket("none")).isNull();
        }
    }

    @Test
    void shouldFindEveryKeyAndNoOther() throws IOException {
        try (BoltFile file = BoltFile.open(Bolts.golden(temp, "plain"))) {
            BoltBucket many = Objects.requireNonNull(file.root().bucket("many"));
            BoltCursor cursor = many.cursor();
            int found = 0;
            while (cursor.next()) {
                if (cursor.isBucket()) {
                    assertThat(many.bucket(cursor.key())).isNotNull();
                    assertThat(many.get(cursor.key())).isNull();
                } else {
                    assertThat(many.get(cursor.key())).isEqualTo(cursor.value());
                    assertThat(many.bucket(cursor.key())).isNull();
                    assertThat(many.get((new String(cursor.key(), StandardCharsets.UTF_8) + "+")
                                    .getBytes(StandardCharsets.UTF_8)))
                            .isNull();
                }
                found++;
            }
            assertThat(found).isGreaterThan(500);
            assertThat(many.cursor().seek("zzz".getBytes(StandardCharsets.UTF_8)))
                    .isFalse();
            assertThat(Objects.requireNonNull(file.root().bucket("long")).sequence())
                    .isEqualTo(44);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void shouldDoWithOneSoundMeta(int broken) throws IOException {
        for (String name : new String[] {"plain", "small-pages"}) {
            Path path = Bolts.golden(temp, name);
            int pageSize = name.equals("plain") ? PAGE : 1024;
            Bolts.patch(path, (long) broken * pageSize + 20, ByteBuffer.wrap(new byte[] {77}));
            try (BoltFile file = BoltFile.open(path)) {
                assertThat(file.pageSize()).isEqualTo(pageSize);
                // Each commit writes the other meta, so only one of the two leads to the newest content.
                Bolts.digest(file);
            }
        }
    }

    @Test
    void shouldRefuseAFileWithoutASoundMeta() throws IOException {
        Path path = Bolts.golden(temp, "plain");
        Bolts.patch(path, 20, ByteBuffer.wrap(new byte[] {77}));
        Bolts.patch(path, PAGE + 20, ByteBuffer.wrap(new byte[] {77}));
        assertThatThrownBy(() -> BoltFile.open(path))
                .isInstanceOf(BoltException.class)
                .hasMessageContaining("neither meta page is sound");
    }

    @Test
    void shouldPreferTheMetaOfTheNewerTransaction() throws IOException {
        for (long newer = 0; newer < 2; newer++) {
            Bolts.Content content = new Bolts.Content();
            content.bucket("a").put(new byte[] {1}, new byte[] {2});
            Path path = Bolts.write(content, PAGE, temp.resolve("newer-" + newer));
            long older = 1 - newer;
            // The older one leads to a page that is no tree; transaction numbers are unsigned.
            Bolts.patch(path, newer * PAGE, Bolts.meta(PAGE, 2, -1, 3, -1, newer));
            Bolts.patch(path, older * PAGE, Bolts.meta(PAGE, 1, -1, 3, 9, older));
            try (BoltFile file = BoltFile.open(path)) {
                file.check();
                assertThat(file.root().bucket("a")).isNotNull();
            }
        }
    }

    @Test
    void shouldReadALongListOfFreePages() throws IOException {
        // The count stands in the first entry when it is 65535 or more; readers must take it from there in any case.
        Path path = Bolts.write(new Bolts.Content(), PAGE, temp.resolve("db"));
        ByteBuffer list = BoltFormat.buffer(PAGE);
        BoltFormat.putPageHeader(list, 4, BoltFormat.FREELIST, 0xFFFF, 0);
        list.putLong(2).putLong(3).putLong(5);
        Bolts.patch(path, 4 * PAGE, list.clear());
        Bolts.patch(path, 5 * PAGE, ByteBuffer.allocate(PAGE));
        Bolts.patch(path, PAGE, Bolts.meta(PAGE, 2, 4, 6, 7, 1));
        try (BoltFile file = BoltFile.open(path)) {
            assertThat(file.freePages()).isNotNull().hasToString("{3, 5}");
            file.check();
        }
        Bolts.patch(path, 4 * PAGE + 16, ByteBuffer.wrap(new byte[] {1}));
        try (BoltFile file = BoltFile.open(path)) {
            assertThatThrownBy(file::check)
                    .isInstanceOf(BoltException.class)
                    .hasMessageContaining("the page is lost")
                    .hasMessageContaining("(page 5)");
        }
    }
}
