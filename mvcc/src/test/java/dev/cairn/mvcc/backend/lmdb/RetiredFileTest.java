package dev.cairn.mvcc.backend.lmdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetiredFileTest {
    private static final int BYTES = (40 << 20) + 1;

    @TempDir
    Path directory;

    private Path file;

    @BeforeEach
    void fill() throws IOException {
        file = directory.resolve("file");
        Files.write(file, new byte[BYTES]);
    }

    @Test
    void shouldGiveItsSpaceBackPieceByPiece() throws IOException {
        List<Long> sizes = new ArrayList<>();
        try (RetiredFile retired = RetiredFile.open(file)) {
            retired.giveBack(nanos -> sizes.add(size(file)));
        }
        assertThat(sizes).containsExactly((24L << 20) + 1, (8L << 20) + 1);
        assertThat(file).isEmptyFile();
    }

    @Test
    void shouldLeaveWhatHasAnotherName() throws IOException {
        Path other = Files.createLink(directory.resolve("other"), file);
        try (RetiredFile retired = RetiredFile.open(file)) {
            Files.delete(file);
            retired.giveBack(nanos -> {});
        }
        assertThat(other).hasSize(BYTES);
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
