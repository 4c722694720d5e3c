package dev.cairn.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What etcd's load generator prints is understood, and a run with failures counts as none. */
class ClosedLoopTest {
    private static final String SAID = """

            Summary:
              Total:	0.1043 secs.
              Slowest:	0.0051 secs.
              Requests/sec:	9586.3142

            Response time histogram:
              0.000251 [1]	|

            Latency distribution:
              10% in 0.000452 secs.
              50% in 0.000500 secs.
              99% in 0.002871 secs.
              99.9% in 0.004901 secs.
            """;

    @Test
    void shouldReadTheSummary() throws IOException {
        assertThat(ClosedLoop.parse(SAID)).isEqualTo(new ClosedLoop(9586.3142, 0.5, 2.871));
    }

    @Test
    void shouldTakeTheLastOfSeveralSummaries() throws IOException {
        String second = SAID.replace("9586.3142", "12").replace("0.000500", "0.5");
        assertThat(ClosedLoop.parse(SAID + second)).isEqualTo(new ClosedLoop(12, 500, 2.871));
    }

    @Test
    void shouldNotCountARunInWhichRequestsFailed() {
        assertThatThrownBy(() -> ClosedLoop.parse(SAID + "\nError distribution:\n  [3]\tunavailable\n"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("unavailable");
        assertThatThrownBy(() -> ClosedLoop.parse("panic: no such flag")).hasMessageContaining("no such flag");
    }
}
