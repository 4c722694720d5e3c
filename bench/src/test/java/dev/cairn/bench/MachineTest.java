package dev.cairn.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Both servers tell their versions in the same form. */
class MachineTest {
    @Test
    void shouldTellVersionAndRuntime() {
        assertThat(Machine.version(
                        "etcd Version: 3.7.1\nGit SHA: none\nGo Version: java25.0.3\nGo OS/Arch: linux/amd64\n"))
                .isEqualTo("3.7.1 (java25.0.3)");
        assertThat(Machine.version("no such flag")).isEqualTo("unknown (unknown)");
    }
}
