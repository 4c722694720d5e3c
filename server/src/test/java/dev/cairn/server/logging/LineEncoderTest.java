package dev.cairn.server.logging;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import dev.cairn.server.config.LogSettings;
import dev.cairn.server.config.Notice;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;

class LineEncoderTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final LoggerContext context = new LoggerContext();

    private Logger logger(String level, String format) {
        Logs.configure(
                context,
                new LogSettings(level, format, List.of("stderr"), Optional.empty()),
                List.of(new LogOutput.Stream(bytes)));
        return context.getLogger("dev.cairn.server.loop.RaftLoop");
    }

    private List<String> lines() {
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void shouldWriteTheKeysInEtcdsOrder() {
        logger("info", "json")
                .atInfo()
                .setMessage("ready to serve client requests")
                .addKeyValue("count", 3)
                .addKeyValue("took", Duration.ofMillis(1500))
                .addKeyValue("urls", List.of("http://a:1", "b"))
                .addKeyValue("ok", true)
                .addKeyValue("none", (Object) null)
                .log();
        assertThat(lines()).hasSize(1);
        assertThat(lines().get(0))
                .matches(
                        "\\{\"level\":\"info\",\"ts\":\"20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z\",\"caller\":\"loop/RaftLoop\","
                                + "\"msg\":\"ready to serve client requests\",\"count\":3,\"took\":\"1.5s\","
                                + "\"urls\":\\[\"http://a:1\",\"b\"],\"ok\":true,\"none\":null}");
    }

    @Test
    void shouldKeepALineALineWhateverItContains() {
        logger("info", "json")
                .atWarn()
                .setMessage("a\n\"b\"\\\t\r\u0000\u001f\u00e9\ud83d\ude00\ud83d")
                .addKeyValue("k\"", "v\n")
                .log();
        assertThat(lines()).hasSize(1);
        assertThat(lines().get(0))
                .contains("\"msg\":\"a\\n\\\"b\\\"\\\\\\t\\r\\u0000\\u001f\u00e9\ud83d\ude00\\ufffd\"")
                .endsWith(",\"k\\\"\":\"v\\n\"}");
    }

    @Test
    void shouldAddTheCauseAndFromLevelErrorItsTrace() {
        Logger logger = logger("info", "json");
        IllegalStateException cause = new IllegalStateException("broken", new RuntimeException("inner"));
        logger.atWarn().setCause(cause).log("one");
        logger.atError().setCause(cause).log("two");
        assertThat(lines().get(0)).endsWith("\"msg\":\"one\",\"error\":\"broken\"}");
        assertThat(lines().get(1))
                .contains(
                        "\"msg\":\"two\",\"error\":\"broken\",\"stacktrace\":\"java.lang.IllegalStateException: broken\\n\\tat ")
                .contains("\\ncaused by java.lang.RuntimeException: inner");
    }

    @Test
    void shouldEndACircleOfCauses() {
        RuntimeException a = new RuntimeException("a");
        RuntimeException b = new RuntimeException("b", a);
        a.initCause(b);
        logger("info", "json").atError().setCause(b).log("circle");
        assertThat(lines()).hasSize(1);
    }

    @Test
    void shouldWriteForPeopleInConsoleForm() {
        Logger logger = logger("info", "console");
        logger.atInfo()
                .setMessage("with")
                .addKeyValue("k", "v")
                .addKeyValue("n", 1)
                .log();
        logger.info("without");
        logger.atInfo().setMessage("lists").addKeyValue("l", List.of("a", "b")).log();
        logger.atError().setCause(new IllegalStateException("broken")).log("failed");
        assertThat(lines().get(2)).endsWith("\tlists\t{\"l\": [\"a\", \"b\"]}");
        assertThat(lines().get(3)).endsWith("\tfailed\t{\"error\": \"broken\"}");
        assertThat(lines().get(4)).isEqualTo("java.lang.IllegalStateException: broken");
        assertThat(lines().get(0)).matches("20.*Z\tinfo\tloop/RaftLoop\twith\t\\{\"k\": \"v\", \"n\": 1}");
        assertThat(lines().get(1)).endsWith("\tinfo\tloop/RaftLoop\twithout");
    }

    @Test
    void shouldFollowTheLevel() {
        List<String> levels = new ArrayList<>();
        for (String level : List.of("debug", "info", "warn", "error", "fatal")) {
            bytes.reset();
            Logger logger = logger(level, "json");
            logger.debug("d");
            logger.info("i");
            logger.warn("w");
            logger.error("e");
            logger.atError().addMarker(Logs.FATAL).log("f");
            levels.add(level + " " + lines().size());
        }
        assertThat(levels).containsExactly("debug 5", "info 4", "warn 3", "error 2", "fatal 1");
        assertThat(lines().get(0)).startsWith("{\"level\":\"fatal\",");
    }

    @Test
    void shouldWriteNoticesWithTheirFields() {
        Logs.write(
                logger("info", "json"),
                new Notice(Notice.Severity.FATAL, "discovery failed", List.of(new Notice.Field("error", "x"))));
        assertThat(lines().get(0))
                .startsWith("{\"level\":\"fatal\"")
                .endsWith("\"msg\":\"discovery failed\",\"error\":\"x\"}");
    }
}
