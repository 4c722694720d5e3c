package dev.cairn.it.conformance;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/** A run of h2spec, with all of its cases, those for stricter readings of the RFC included. */
final class H2Spec {
    /** How long a case waits for what it expects. A case that fails may take as long. */
    private static final Duration PATIENCE = Duration.ofSeconds(4);

    private static final Duration LIMIT = Duration.ofMinutes(3);

    private static final Pattern CONTROL = Pattern.compile("[\\x00-\\x1f&&[^\t\n\r]]");

    private final Command process;
    private final Path report;

    private H2Spec(Command process, Path report) {
        this.process = process;
        this.report = report;
    }

    /** What became of a case. */
    record Outcome(Kind kind, String details) {
        enum Kind {
            PASSED,
            FAILED,
            /** What it looks at did not come about. */
            SKIPPED
        }
    }

    static H2Spec start(int port, boolean secure, String path, Path directory) {
        Path report = directory.resolve("h2spec-" + port + ".xml");
        List<String> command = new ArrayList<>(List.of(
                Programs.real("h2spec").toString(),
                "--strict",
                "--host=127.0.0.1",
                "--port=" + port,
                "--path=" + path,
                "--timeout=" + PATIENCE.toSeconds(),
                "--junit-report=" + report));
        if (secure) {
            command.addAll(List.of("--tls", "--insecure"));
        }
        return new H2Spec(Command.start(command), report);
    }

    /** Waits for the end; all cases by {@code section, text}, where sections begin with the part of the suite. */
    Map<String, Outcome> await() {
        Command.Result result = process.await(LIMIT);
        if (!Files.exists(report)) {
            throw new AssertionError("h2spec has not come to its end: " + result);
        }
        Map<String, Outcome> outcomes = new TreeMap<>();
        NodeList cases = parse(report).getElementsByTagName("testcase");
        for (int i = 0; i < cases.getLength(); i++) {
            Element element = (Element) cases.item(i);
            String name = element.getAttribute("package") + ", " + element.getAttribute("classname");
            if (outcomes.put(name, outcome(element)) != null) {
                throw new AssertionError("two cases with the name " + name);
            }
        }
        return outcomes;
    }

    void kill() {
        process.kill();
    }

    private static Outcome outcome(Element testcase) {
        for (Node child = testcase.getFirstChild(); child != null; child = child.getNextSibling()) {
            switch (child.getNodeName()) {
                case "skipped" -> {
                    return new Outcome(Outcome.Kind.SKIPPED, "");
                }
                case "error", "failure" -> {
                    return new Outcome(Outcome.Kind.FAILED, child.getTextContent());
                }
                default -> {
                    // White space.
                }
            }
        }
        return new Outcome(Outcome.Kind.PASSED, "");
    }

    private static Document parse(Path file) {
        try {
            // Payloads that it has seen stand in it as they were, any bytes, and XML knows no control characters.
            String text = CONTROL.matcher(Files.readString(file, StandardCharsets.ISO_8859_1))
                    .replaceAll("?");
            return DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(new InputSource(new StringReader(text)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ParserConfigurationException | SAXException e) {
            throw new AssertionError("not a report: " + file, e);
        }
    }
}
