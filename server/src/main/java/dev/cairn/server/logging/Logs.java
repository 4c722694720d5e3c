package dev.cairn.server.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.cairn.server.config.LogSettings;
import dev.cairn.server.config.Notice;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
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
        List<OutputStream> outputs = new ArrayList<>();
        for (String output : settings.outputs()) {
            outputs.add(open(output));
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
    private static OutputStream open(String output) throws IOException {
        switch (output) {
            case "stderr" -> {
                return new FileOutputStream(FileDescriptor.err);
            }
            case "stdout" -> {
                return new FileOutputStream(FileDescriptor.out);
            }
            default -> {
                try {
                    return new FileOutputStream(output, true);
                } catch (java.io.FileNotFoundException e) {
                    // The JDK's message is "<path> (<reason of the system>)".
                    String text = String.valueOf(e.getMessage());
                    int reason = text.lastIndexOf('(');
                    String why = reason < 0 ? text : text.substring(reason + 1, text.length() - 1);
                    throw new IOException("open sink \"" + output + "\": open " + output + ": " + lowerFirst(why), e);
                }
            }
        }
    }

    private static String lowerFirst(String text) {
        return text.isEmpty() ? text : Character.toLowerCase(text.charAt(0)) + text.substring(1);
    }

    static void configureDefault(LoggerContext context) {
        configure(context, LogSettings.DEFAULT, List.of(new FileOutputStream(FileDescriptor.err)));
    }

    /** The level of the libraries is one step quieter: their debugging is not ours. */
    static void configure(LoggerContext context, LogSettings settings, List<OutputStream> outputs) {
        boolean fatalOnly =
                settings.level().endsWith("panic") || settings.level().equals("fatal");
        LineEncoder encoder = new LineEncoder(settings.format().equals("json"));
        encoder.setContext(context);
        encoder.start();
        OutputAppender appender = new OutputAppender(encoder, outputs, fatalOnly);
        appender.setContext(context);
        appender.setName("log");
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.detachAndStopAllAppenders();
        root.addAppender(appender);
        Level level = fatalOnly ? Level.ERROR : Level.toLevel(settings.level(), Level.INFO);
        root.setLevel(level);
        context.getLogger("io").setLevel(level.isGreaterOrEqual(Level.WARN) ? level : Level.WARN);
    }
}
