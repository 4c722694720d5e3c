package dev.cairn.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What cannot be chosen is refused before a server is started. */
class BenchTest {
    private static String refusal(String... arguments) {
        StringWriter said = new StringWriter();
        CommandLine command = new CommandLine(new Bench()).setErr(new PrintWriter(said));
        String[] all = new String[arguments.length + 2];
        all[0] = "--ours=none";
        all[1] = "--oracle=none";
        System.arraycopy(arguments, 0, all, 2, arguments.length);
        assertThat(command.execute(all)).isEqualTo(CommandLine.ExitCode.USAGE);
        return said.toString();
    }

    @Test
    void shouldRefuseWhatThereIsNot() {
        assertThat(refusal("--work=walk")).contains("no work is called \"walk\"");
        assertThat(refusal("--group=walks")).contains("no group is called \"walks\"");
        assertThat(refusal("--share=0")).contains("--share and --pairs must be 1 at least");
        assertThat(refusal("--pairs=0")).contains("--share and --pairs must be 1 at least");
        assertThat(refusal("--warm-up=-1")).contains("--warm-up");
        assertThat(refusal("--seconds=0")).contains("--seconds");
    }
}
