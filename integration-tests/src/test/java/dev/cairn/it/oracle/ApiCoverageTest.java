package dev.cairn.it.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The table of coverage has a row for each part of the contract, and names tests that exist. */
class ApiCoverageTest {
    private static final int EXCUSED_MAX = 8;

    @Test
    void shouldHaveARowForEachRpcFieldAndError() throws IOException {
        assertThat(ApiCoverage.read().names()).isEqualTo(ApiCoverage.contract());
    }

    @Test
    void shouldNameTestsThatExist() throws IOException {
        Set<String> tests;
        try (Stream<Path> files = Files.walk(Programs.repository())) {
            tests = files.map(path -> path.getFileName().toString())
                    .filter(name -> name.endsWith("Test.java"))
                    .map(name -> name.substring(0, name.length() - ".java".length()))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
        assertThat(tests).containsAll(ApiCoverage.read().testByName().values());
    }

    @Test
    void shouldExcuseLittle() throws IOException {
        assertThat(ApiCoverage.read().reasonByName()).hasSizeLessThanOrEqualTo(EXCUSED_MAX);
    }
}
