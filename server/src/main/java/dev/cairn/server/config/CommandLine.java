package dev.cairn.server.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Turns arguments and environment into an {@link Outcome}. Confined to one call; nothing is printed, logged or changed.
 *
 * <p>The grammar: {@code -x} and {@code --x} are the same; a value follows after an equals sign or as the next argument, for
 * booleans only after an equals sign; {@code --} ends the flags; a repeated flag replaces its earlier value. Mistakes in it end with
 * status 2, everything found out later with status 1.
 *
 * <p>The sources: with a configuration file only the file counts. Otherwise flags count, and variables for the flags that were not
 * given; giving both is refused, because one of them would silently lose.
 */
public final class CommandLine {
    private static final String PREFIX = "ETCD_";

    private final List<String> arguments;
    private final Map<String, String> environment;
    private final List<Notice> notices = new ArrayList<>();
    private final Values values = new Values();

    private CommandLine(List<String> arguments, Map<String, String> environment) {
        this.arguments = List.copyOf(arguments);
        this.environment = environment;
    }

    public static Outcome read(List<String> arguments, Map<String, String> environment) {
        return new CommandLine(arguments, environment).read();
    }

    private Outcome read() {
        if (!arguments.isEmpty()
                && (arguments.get(0).equals("gateway") || arguments.get(0).equals("grpc-proxy"))) {
            return new Outcome.Exit(
                    1, "", "Error: this distribution comes without " + arguments.get(0) + "\n", List.of());
        }
        int positional;
        try {
            positional = readFlags();
        } catch (HelpRequested e) {
            return new Outcome.Exit(0, HelpText.flags(), HelpText.usage(), List.of());
        } catch (ConfigException e) {
            return new Outcome.Exit(2, "", e.getMessage() + "\n" + HelpText.usage(), List.of());
        }
        if (positional < arguments.size()) {
            return failed(GoSyntax.quote(arguments.get(positional)) + " is not a valid flag");
        }
        if (values.get(Options.VERSION)) {
            return new Outcome.Exit(0, Release.versionText(), "", List.of());
        }
        String file = values.get(Options.CONFIG_FILE);
        if (file.isEmpty()) {
            file = environment.getOrDefault(Options.CONFIG_FILE.environmentName(), "");
        }
        return file.isEmpty() ? fromCommandLine() : fromFile(file);
    }

    private Outcome fromCommandLine() {
        Outcome refused = readEnvironment();
        return refused != null ? refused : build(values, Validation.Source.COMMAND_LINE);
    }

    private Outcome fromFile(String file) {
        Values fromFile = new Values();
        try {
            FileReader.read(file, fromFile);
        } catch (FileReader.BadUrl e) {
            return new Outcome.Exit(e.status, "", e.getMessage() + "\n", List.of());
        } catch (ConfigException e) {
            return failed(e.getMessage());
        }
        notices.add(Notice.info(
                "loaded server configuration, other configuration command line flags and environment variables will be ignored if provided",
                "path",
                file));
        return build(fromFile, Validation.Source.FILE);
    }

    private Outcome build(Values given, Validation.Source source) {
        String level = given.get(Options.LOG_LEVEL);
        if (!LogSettings.isLevel(level)) {
            return new Outcome.Exit(2, "", "panic: unrecognized level: " + GoSyntax.quote(level) + "\n", List.of());
        }
        try {
            Validation.check(given, source, notices);
        } catch (ConfigException e) {
            Outcome.Exit exit = failed(e.getMessage());
            if (!Validation.ADVERTISE_MISSING.equals(e.getMessage())) {
                return exit;
            }
            List<Notice> more = new ArrayList<>(exit.notices());
            more.add(Notice.warn("advertise client URLs are not set", "error", e.getMessage()));
            return new Outcome.Exit(exit.status(), exit.stdout(), exit.stderr(), more);
        }
        notices.add(running());
        try {
            Validation.checkAtStart(given);
        } catch (ConfigException e) {
            notices.add(Notice.fatal("discovery failed", "error", e.getMessage()));
            return new Outcome.Exit(1, "", "", notices);
        }
        Validation.noteDefaults(given, source, notices);
        return new Outcome.Start(new ServerConfig(given, notices));
    }

    private Outcome.Exit failed(String reason) {
        List<Notice> lines = new ArrayList<>(notices);
        lines.add(running());
        lines.add(Notice.warn("failed to verify flags", "error", reason));
        return new Outcome.Exit(1, "", "", lines);
    }

    private Notice running() {
        List<String> args = new ArrayList<>(arguments.size() + 1);
        args.add("etcd");
        args.addAll(arguments);
        return Notice.info(Notice.RUNNING, "args", args);
    }

    /** Not a mistake: the usage was asked for. */
    private static final class HelpRequested extends Exception {
        private static final long serialVersionUID = 1L;

        HelpRequested() {
            super(null, null, false, false);
        }
    }

    /** Reads flags up to the first positional argument and returns its position. */
    private int readFlags() throws ConfigException, HelpRequested {
        int at = 0;
        while (at < arguments.size()) {
            String argument = arguments.get(at);
            if (argument.length() < 2 || argument.charAt(0) != '-') {
                return at;
            }
            if (argument.equals("--")) {
                return at + 1;
            }
            String body = argument.substring(argument.startsWith("--") ? 2 : 1);
            if (body.startsWith("-") || body.startsWith("=")) {
                throw new ConfigException("bad flag syntax: " + argument);
            }
            at++;
            int equals = body.indexOf('=');
            String name = equals < 0 ? body : body.substring(0, equals);
            String value = equals < 0 ? null : body.substring(equals + 1);
            Option<?> option = Options.byName(name);
            if (option == null) {
                if (name.equals("help") || name.equals("h")) {
                    throw new HelpRequested();
                }
                throw new ConfigException("flag provided but not defined: -" + name);
            }
            if (option.kind.standsAlone()) {
                putBoolean(option, value);
                continue;
            }
            if (value == null) {
                if (at == arguments.size()) {
                    throw new ConfigException("flag needs an argument: -" + name);
                }
                value = arguments.get(at++);
            }
            try {
                values.put(option, option.parse(value));
            } catch (ConfigException e) {
                throw new ConfigException(
                        "invalid value " + GoSyntax.quote(value) + " for flag -" + name + ": " + e.getMessage());
            }
        }
        return at;
    }

    private void putBoolean(Option<?> option, @Nullable String value) throws ConfigException {
        String text = value == null ? "true" : value;
        try {
            values.put(option, option.parse(text));
        } catch (ConfigException e) {
            throw new ConfigException(
                    "invalid boolean value " + GoSyntax.quote(text) + " for -" + option.name + ": " + e.getMessage());
        }
    }

    /** Fills in what the command line left out. Answers the end of the process where the variables cannot be used. */
    private @Nullable Outcome readEnvironment() {
        String error = null;
        Map<String, String> unknown = new TreeMap<>();
        for (Map.Entry<String, String> entry : environment.entrySet()) {
            if (entry.getKey().startsWith(PREFIX)) {
                unknown.put(entry.getKey(), entry.getValue());
            }
        }
        // These two are read elsewhere: the first by the launcher, the second before this method.
        unknown.remove("ETCD_UNSUPPORTED_ARCH");
        unknown.remove(Options.CONFIG_FILE.environmentName());
        String version = unknown.remove(Options.VERSION.environmentName());
        if (version != null) {
            notices.add(Notice.warn(
                    "cannot set special environment variable",
                    "key",
                    Options.VERSION.environmentName(),
                    "value",
                    version));
        }
        Map<String, Option<?>> options = new TreeMap<>();
        for (Option<?> option : Options.all()) {
            if (unknown.containsKey(option.environmentName())) {
                options.put(option.name, option);
            }
        }
        for (Option<?> option : options.values()) {
            String variable = option.environmentName();
            String text = String.valueOf(unknown.get(variable));
            if (text.isEmpty()) {
                continue;
            }
            unknown.remove(variable);
            if (values.isGiven(option)) {
                List<Notice> lines = List.of(Notice.fatal(
                        "conflicting environment variable is shadowed by corresponding command-line flag (either unset environment variable or disable flag))",
                        "environment-variable",
                        variable));
                return new Outcome.Exit(1, "", "", lines);
            }
            try {
                values.put(option, option.parse(text));
                notices.add(Notice.info(
                        "recognized and used environment variable", "variable-name", variable, "variable-value", text));
            } catch (ConfigException e) {
                error = "invalid value " + GoSyntax.quote(text) + " for " + variable + ": " + e.getMessage();
            }
        }
        for (Map.Entry<String, String> entry : unknown.entrySet()) {
            notices.add(Notice.warn(
                    "unrecognized environment variable",
                    "environment-variable",
                    entry.getKey() + "=" + entry.getValue()));
        }
        return error == null ? null : failed(error);
    }
}
