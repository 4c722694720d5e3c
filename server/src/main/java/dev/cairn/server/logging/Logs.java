package dev.cairn.server.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.cairn.server.config.LogSettings;
import dev.cairn.server.config.Notice;
import dev.cairn.server.systemd.Journal;
import java.io.FileDescriptor;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.LogManager;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.MarkerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Opens the log. Called by main before any other thread starts; loggers that exist already follow the new settings. Until then the
 * log goes to standard error as JSON from level info on.
 */
public final class Logs {
    /** Marks the line with which a process gives up; it is written as level fatal. */
    public static final Marker FATAL = MarkerFactory.getMarker("FATAL");

    private Logs() {}

    /**
     * Directs the log to where the settings say.
     *
     * @throws IOException when a file cannot be opened; the log goes on as before. The message is etcd's
     */
    public static void open(LogSettings settings) throws IOException {
        List<LogOutput> outputs = new ArrayList<>();
        for (String output : settings.outputs()) {
            outputs.add(open(output, settings));
        }
        configure((LoggerContext) LoggerFactory.getILoggerFactory(), settings, outputs);
        // The RPC library logs through the JDK.
        LogManager.getLogManager().reset();
        java.util.logging.Logger root = LogManager.getLogManager().getLogger("");
        if (root != null) {
            root.addHandler(new JdkLogHandler());
            root.setLevel(java.util.logging.Level.WARNING);
        }
    }

    /** Writes a line that was put back while the log was not open. */
    public static void write(org.slf4j.Logger logger, Notice notice) {

        LoggingEventBuilder line = switch (notice.severity()) {
            case INFO -> logger.atInfo();
            case WARN -> logger.atWarn();
            default -> logger.atError().addMarker(FATAL);
        };
        for (Notice.Field field : notice.fields()) {
            line = line.addKeyValue(field.key(), field.value());
        }
        line.log(notice.message());
    }

    static boolean isFatal(ILoggingEvent event) {
        List<Marker> markers = event.getMarkerList();
        return markers != null && markers.contains(FATAL);
    }

    /** Standard streams are used raw: a line is one write, and nothing is lost when the process halts. */
    private static LogOutput open(String output, LogSettings settings) throws IOException {
        switch (output) {
            case "stderr" -> {
                return standardError();
            }
            case "stdout" -> {
                return new LogOutput.Stream(new FileOutputStream(FileDescriptor.out));
            }
            case LogSettings.JOURNAL -> {
                return new JournalOutput(Journal.open(Journal.SOCKET, "etcd"), standardError());
            }
            default -> {
                try {
                    return file(output, settings);
                } catch (IOException e) {
                    throw new IOException("open sink \"" + output + "\": " + reason(output, e), e);
                }
            }
        }
    }

    private static LogOutput standardError() {
        return new LogOutput.Stream(new FileOutputStream(FileDescriptor.err));
    }

    private static LogOutput file(String output, LogSettings settings) throws IOException {
        int colon = output.indexOf(':');
        // As in etcd, what looks like a URL is one, and only files can be written to.
        boolean url = colon > 0 && output.substring(0, colon).matches("[a-zA-Z][a-zA-Z0-9+.-]*");
        if (url && !output.startsWith("file:")) {
            throw new IOException("no sink found for scheme \"" + output.substring(0, colon) + "\"");
        }
        String path = url ? output.substring(colon + 1).replaceFirst("^//", "") : output;
        return settings.rotation().isPresent()
                ? new RotatingFile(Path.of(path), settings.rotation().get(), Clock.systemDefaultZone())
                : new LogOutput.Stream(new FileOutputStream(path, true));
    }

    /** The JDK says {@code <path> (<reason of the system>)}, or has an exception for the reason. */
    private static String reason(String output, IOException e) {
        String text = String.valueOf(e.getMessage());
        if (e instanceof FileNotFoundException) {
            String why = text.substring(text.lastIndexOf('(') + 1, text.length() - 1);
            return "open " + output + ": " + Character.toLowerCase(why.charAt(0)) + why.substring(1);
        }
        if (e instanceof FileSystemException failed) {
            String why = failed instanceof AccessDeniedException
                    ? "permission denied"
                    : failed instanceof FileAlreadyExistsException ? "not a directory" : failed.getReason();
            return "open " + output + ": " + why;
        }
        return text;
    }

    static void configureDefault(LoggerContext context) {
        configure(context, LogSettings.DEFAULT, List.of(standardError()));
    }

    /** The level of the libraries is one step quieter: their debugging is not ours. */
    static void configure(LoggerContext context, LogSettings settings, List<LogOutput> outputs) {
        boolean fatalOnly =
                settings.level().endsWith("panic") || settings.level().equals("fatal");
        LineEncoder encoder = new LineEncoder(settings.format().equals("json"));
        encoder.setContext(context);
        encoder.start();
        OutputAppender appender = new OutputAppender(
                encoder,
                outputs,
                fatalOnly,
                settings.outputs().contains(LogSettings.JOURNAL) ? null : new LineSampler());
        appender.setContext(context);
        appender.setName("log");
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.detachAndStopAllAppenders();
        root.addAppender(appender);
        Level level = fatalOnly ? Level.ERROR : level(settings.level());
        root.setLevel(level);
        context.getLogger("io").setLevel(level.isGreaterOrEqual(Level.WARN) ? level : Level.WARN);
    }

    private static Level level(String name) {
        // logback has no other word for it.
        return Level.toLevel(name.equals("warning") ? "warn" : name, Level.INFO);
    }
}
