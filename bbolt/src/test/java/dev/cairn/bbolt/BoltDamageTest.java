package dev.cairn.bbolt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import dev.cairn.testing.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files that nobody wrote: whatever their bytes say, a reader ends soon, and with nothing but a {@link BoltException}. */
@Timeout(120)
class BoltDamageTest {
    private static final int PAGE = 1024;
    private static final int ROUNDS = 1500;

    @TempDir
    Path temp;

    private Path file(String name, byte[] bytes) throws IOException {
        return Files.write(temp.resolve(name), bytes);
    }

    /** Reads everything in every way; answers whether the file was refused. */
    private static boolean isRefused(Path path) throws IOException {
        boolean refused = false;
        try (BoltFile file = BoltFile.open(path, 1 << 20)) {
            try {
                file.check();
                Bolts.digest(file);
            } catch (BoltException e) {
                assertThat(e.offset()).isNotNegative();
                refused = true;
            }
            try {
                // Nobody has to check first who opens buckets by their names, as etcd does.
                for (String name : new String[] {"empty", "inline", "long", "many"}) {
                    BoltBucket bucket = file.root().bucket(name);
                    BoltCursor cursor = bucket == null ? file.root().cursor() : bucket.cursor();
                    while (cursor.next()) {
                        cursor.value();
                    }
                }
            } catch (BoltException e) {
                refused = true;
            }
            try {
                file.root().get(new byte[] {0x7F});
            } catch (BoltException e) {
                refused = true;
            }
        } catch (BoltException e) {
            refused = true;
        }
        return refused;
    }

    /** Goal: no bytes do harm. Method: files of bbolt with a few bytes changed at random, mostly where pages describe themselves. */
    @Test
    void shouldSurviveChangedBytes() throws IOException {
        long seed = Seed.choose();
        System.out.println("seed " + seed + " (" + Seed.replay(seed) + ")");
        Random random = new Random(seed);
        byte[][] sources = {
            Files.readAllBytes(Bolts.golden(temp, "plain")),
            Files.readAllBytes(Bolts.golden(temp, "unlisted")),
            Files.readAllBytes(Bolts.golden(temp, "small-pages"))
        };
        int refused = 0;
        for (int round = 0; round < ROUNDS; round++) {
            byte[] source = sources[round % sources.length];
            int pageSize = round % sources.length == 2 ? PAGE : 4096;
            byte[] bytes = source.clone();
            for (int i = 1 + random.nextInt(8); i > 0; i--) {
                int page = random.nextInt(bytes.length / pageSize);
                int at = page * pageSize + random.nextInt(random.nextBoolean() ? 64 : pageSize);
                bytes[at] = random.nextInt(3) == 0 ? (byte) 0xFF : (byte) random.nextInt(256);
            }
            Path path = file("changed", bytes);
            try {
                refused += isRefused(path) ? 1 : 0;
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + " round " + round, e);
            }
        }
        assertThat(refused).as("seed %d", seed).isBetween(ROUNDS / 20, ROUNDS);
    }

    @Test
    void shouldNoticeEveryLengthThatIsTooShort() throws IOException {
        byte[] whole = Files.readAllBytes(Bolts.golden(temp, "small-pages"));
        long used;
        try (BoltFile file = BoltFile.open(temp.resolve("small-pages.db"))) {
            used = file.sizeBytes();
        }
        Random random = new Random(1);
        for (int i = 0; i < 200; i++) {
            int length = random.nextInt((int) used);
            Path path = file("short", Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> BoltFile.open(path).close())
                    .as("%d bytes", length)
                    .isInstanceOf(BoltException.class);
        }
    }

    @Test
    void shouldNoticeAFileThatGetsShorterWhileItIsRead() throws IOException {
        Path path = Bolts.golden(temp, "plain");
        try (BoltFile file = BoltFile.open(path)) {
            Files.write(path, new byte[5000]);
            assertThatThrownBy(() -> Bolts.digest(file))
                    .isInstanceOf(BoltException.class)
                    .hasMessageContaining("the file ends here");
        }
    }

    /** A file of pages that a test makes up. */
    private static final class Pages {
        private final ByteBuffer bytes;

        Pages(int count, long freelist) {
            bytes = BoltFormat.buffer(count * PAGE);
            for (int page = 0; page < 2; page++) {
                bytes.put(page * PAGE, Bolts.meta(PAGE, 2, freelist, count, 2 - page, page), 0, PAGE);
            }
        }

        ByteBuffer page(int id, int flags, int count, int overflow) {
            ByteBuffer page = bytes.slice(id * PAGE, PAGE).order(ByteOrder.LITTLE_ENDIAN);
            BoltFormat.putPageHeader(page, id, flags, count, overflow);
            return page;
        }

        /** A branch whose keys are one letter each. */
        Pages branch(int id, String keys, int... children) {
            ByteBuffer page = page(id, BoltFormat.BRANCH, children.length, 0);
            for (int i = 0; i < children.length; i++) {
                page.putInt(16 * (children.length - i) + i).putInt(1).putLong(children[i]);
            }
            page.put(keys.getBytes(StandardCharsets.US_ASCII));
            return this;
        }

        Pages leaf(int id, String keys) {
            ByteBuffer page = page(id, BoltFormat.LEAF, keys.length(), 0);
            for (int i = 0; i < keys.length(); i++) {
                page.putInt(0).putInt(16 * (keys.length() - i) + i).putInt(1).putInt(0);
            }
            page.put(keys.getBytes(StandardCharsets.US_ASCII));
            return this;
        }

        /** A leaf with buckets, named by one letter each. */
        Pages buckets(int id, String names, int... roots) {
            ByteBuffer page = page(id, BoltFormat.LEAF, roots.length, 0);
            for (int i = 0; i < roots.length; i++) {
                page.putInt(1)
                        .putInt(16 * (roots.length - i) + 17 * i)
                        .putInt(1)
                        .putInt(16);
            }
            for (int i = 0; i < roots.length; i++) {
                page.put((byte) names.charAt(i)).putLong(roots[i]).putLong(0);
            }
            return this;
        }

        byte[] array() {
            return bytes.array();
        }
    }

    private void refuse(Pages pages, String why) throws IOException {
        Path path = file("made-up", pages.array());
        try (BoltFile file = BoltFile.open(path, 1 << 20)) {
            assertThatThrownBy(file::check).isInstanceOf(BoltException.class).hasMessageContaining(why);
        }
        assertThat(isRefused(path)).isTrue();
    }

    @Test
    void shouldAcceptWhatTheOtherCasesBreak() throws IOException {
        Pages pages = new Pages(6, -1).branch(2, "ac", 3, 4).leaf(3, "ab").leaf(4, "cd");
        assertThat(isRefused(file("sound", pages.array()))).isFalse();
        Pages nested = new Pages(5, -1).buckets(2, "xy", 3, 4).leaf(3, "ab").leaf(4, "cd");
        assertThat(isRefused(file("nested", nested.array()))).isFalse();
    }

    @Test
    void shouldEndWherePagesLoop() throws IOException {
        refuse(new Pages(4, -1).branch(2, "a", 2), "page 2 is referred to twice");
        refuse(new Pages(5, -1).branch(2, "a", 3).branch(3, "a", 4).branch(4, "a", 3), "is referred to twice");
        try (BoltFile file =
                BoltFile.open(file("self", new Pages(4, -1).branch(2, "a", 2).array()))) {
            assertThatThrownBy(() -> file.root().cursor().next())
                    .isInstanceOf(BoltException.class)
                    .hasMessageContaining("the tree is deeper than 64 pages");
        }
    }

    @Test
    void shouldEndWhereManyWaysLeadToOnePage() throws IOException {
        // Twenty levels with two ways each to the next: a million walks to one leaf.
        Pages pages = new Pages(30, -1);
        for (int i = 2; i < 22; i++) {
            pages.branch(i, "am", i + 1, i + 1);
        }
        pages.leaf(22, "az");
        refuse(pages, "belongs into a later page");
        refuse(new Pages(4, -1).branch(2, "a", 3).leaf(3, ""), "the page is empty");
    }

    @Test
    void shouldEndWhereBucketsLoop() throws IOException {
        Pages pages = new Pages(4, -1).buckets(2, "xy", 2, 2);
        Path path = file("buckets", pages.array());
        try (BoltFile file = BoltFile.open(path)) {
            assertThatThrownBy(file::check)
                    .isInstanceOf(BoltException.class)
                    .hasMessageContaining("page 2 is referred to twice");
            assertThatThrownBy(() -> open(file.root(), 65))
                    .isInstanceOf(BoltException.class)
                    .hasMessageContaining("nested more than 64 deep");
        }
    }

    private static void open(BoltBucket bucket, int levels) throws IOException {
        BoltBucket at = bucket;
        for (int i = 0; i < levels; i++) {
            at = Objects.requireNonNull(at.bucket("x"));
        }
    }

    @Test
    void shouldRefusePagesThatAreNotThere() throws IOException {
        refuse(new Pages(4, -1).branch(2, "a", 4), "there is no such page");
        refuse(new Pages(4, -1).branch(2, "a", 0), "there is no such page");
        refuse(new Pages(4, -1).branch(2, "a", -1), "there is no such page");
        refuse(new Pages(4, 3).leaf(2, "a"), "the page calls itself page 0");
        refuse(new Pages(4, 99).leaf(2, "a"), "there is no such page");
    }

    @Test
    void shouldRefuseElementsOutsideTheirPage() throws IOException {
        Pages pages = new Pages(4, -1);
        pages.page(2, BoltFormat.LEAF, 1, 0).putInt(0).putInt(-16).putInt(1).putInt(0);
        refuse(pages, "is not inside its page");
        pages.page(2, BoltFormat.LEAF, 1, 0).putInt(0).putInt(16).putInt(1).putInt(-1);
        refuse(pages, "is not inside its page");
        pages.page(2, BoltFormat.LEAF, 1, 0).putInt(0).putInt(16).putInt(-1).putInt(0);
        refuse(pages, "the key of element 0 has 4294967295 bytes");
        pages.page(2, BoltFormat.LEAF, 1, 0).putInt(0).putInt(16).putInt(0).putInt(0);
        refuse(pages, "the key of element 0 has 0 bytes");
        pages.page(2, BoltFormat.LEAF, 0xFFFF, 0);
        refuse(pages, "has no room for 65535 elements");
        pages.page(2, BoltFormat.LEAF, 1, 2);
        refuse(pages, "the page goes on for 2 pages, 1 are left");
        pages.page(2, BoltFormat.LEAF, 1, -1);
        refuse(pages, "the page goes on for 4294967295 pages");
        pages.page(2, BoltFormat.LEAF | BoltFormat.BRANCH, 1, 0);
        refuse(pages, "the page has flags 3");
    }

    @Test
    void shouldRefuseKeysOutOfOrder() throws IOException {
        refuse(new Pages(4, -1).leaf(2, "ba"), "the key of element 1 is not in order");
        refuse(new Pages(4, -1).leaf(2, "aa"), "the key of element 1 is not in order");
        refuse(
                new Pages(6, -1).branch(2, "cb", 3, 4).leaf(3, "c").leaf(4, "d"),
                "the key of element 1 is not in order");
        refuse(new Pages(6, -1).branch(2, "bd", 3, 4).leaf(3, "a").leaf(4, "d"), "is less than its branch page says");
        refuse(new Pages(6, -1).branch(2, "bd", 3, 4).leaf(3, "be").leaf(4, "d"), "belongs into a later page");
    }

    @Test
    void shouldNotReserveMemoryForWhatAPageClaims() throws IOException {
        // A sparse file whose only leaf claims to fill it: 64 GiB.
        long pages = (64L << 30) / PAGE;
        Path path = temp.resolve("sparse");
        Files.createFile(path);
        for (int page = 0; page < 2; page++) {
            Bolts.patch(path, page * PAGE, Bolts.meta(PAGE, 2, 3, pages, 2 - page, page));
        }
        ByteBuffer root = BoltFormat.buffer(PAGE);
        BoltFormat.putPageHeader(root, 2, BoltFormat.LEAF, 1, (int) (pages - 3));
        root.putInt(0).putInt(1 << 30).putInt(1).putInt(Integer.MAX_VALUE);
        Bolts.patch(path, 2 * PAGE, root.clear());
        ByteBuffer list = BoltFormat.buffer(PAGE);
        BoltFormat.putPageHeader(list, 3, BoltFormat.FREELIST, 0xFFFF, (int) (pages - 4));
        list.putLong(Long.MAX_VALUE);
        Bolts.patch(path, 3 * PAGE, list.clear());
        Bolts.patch(path, pages * PAGE - 1, ByteBuffer.allocate(1));
        try (BoltFile file = BoltFile.open(path)) {
            BoltCursor cursor = file.root().cursor();
            assertThat(cursor.next()).isTrue();
            assertThat(cursor.key()).containsExactly(0);
            assertThatThrownBy(cursor::value)
                    .isInstanceOf(BoltException.class)
                    .hasMessageContaining("the value of element 0 has 2147483647 bytes");
            assertThatThrownBy(file::check)
                    .isInstanceOf(BoltException.class)
                    .hasMessageContaining("has no room for 9223372036854775807 entries");
        }
    }

    @Test
    void shouldReadBehindTwoGigabytes() throws IOException {
        long far = (3L << 30) / PAGE;
        Path path = temp.resolve("far");
        Files.createFile(path);
        for (int page = 0; page < 2; page++) {
            Bolts.patch(path, page * PAGE, Bolts.meta(PAGE, far, -1, far + 1, 2 - page, page));
        }
        ByteBuffer root = BoltFormat.buffer(PAGE);
        BoltFormat.putPageHeader(root, far, BoltFormat.LEAF, 1, 0);
        root.putInt(0)
                .putInt(16)
                .putInt(1)
                .putInt(2)
                .put((byte) 'k')
                .put((byte) 'v')
                .put((byte) 'w');
        Bolts.patch(path, far * PAGE, root.clear());
        try (BoltFile file = BoltFile.open(path)) {
            file.check();
            assertThat(file.root().get(new byte[] {'k'})).containsExactly('v', 'w');
        }
        if (Files.size(path) < 3L << 30) {
            fail("the file should be long");
        }
    }
}
