package dev.cairn.proxy.flags;

import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.GoSyntax;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Immutable. A command of etcd's, such as {@code gateway}, whose only subcommand is {@code start}. Without it, or with another word in its
 * place, the help is shown.
 *
 * <p>The grammar: {@code --name=value} or {@code --name value}, booleans take a value only behind an equals sign; flags and other words
 * may stand in any order, other words behind {@code start} do not count; {@code --} ends the flags; {@code -h} is the one short flag.
 */
public final class StartCommand {
    private static final String HELP = "  -h, --help";

    /** Between the longest flag and its explanation. */
    private static final int GAP = 3;

    private final String name;
    private final String about;
    private final Map<String, Flag> flags = new HashMap<>();

    /**
     * @param name the command's own
     * @param about what it starts, such as {@code the gateway}
     */
    public StartCommand(String name, String about, List<Flag> flags) {
        this.name = name;
        this.about = about;
        flags.forEach(flag -> this.flags.put(flag.name(), flag));
    }

    /** What a command line asks for. */
    public sealed interface Asked {
        /** To start. */
        record Start(FlagValues values) implements Asked {}

        /** To end with this output. */
        record Exit(int status, String stdout, String stderr) implements Asked {}
    }

    /** @param arguments of the command line, this command's name first */
    public Asked read(List<String> arguments) {
        List<String> rest = new ArrayList<>(arguments.subList(1, arguments.size()));
        int word = 0;
        while (word < rest.size() && rest.get(word).startsWith("-")) {
            word++;
        }
        boolean start = word < rest.size() && rest.get(word).equals("start");
        if (start) {
            rest.remove(word);
        }
        FlagValues values = new FlagValues(start ? flags : Map.of());
        boolean help;
        try {
            help = readFlags(rest, start ? flags : Map.of(), values);
        } catch (ConfigException e) {
            String error = e.getMessage();
            return new Asked.Exit(1, "", "Error: " + error + "\n" + usage(start) + "\n" + error);
        }
        if (help || !start) {
            return new Asked.Exit(
                    0, (start ? "start " + about : name + " related command") + "\n\n" + usage(start), "");
        }
        return new Asked.Start(values);
    }

    /** Answers whether help was asked for. */
    private static boolean readFlags(List<String> arguments, Map<String, Flag> known, FlagValues values)
            throws ConfigException {
        boolean help = false;
        int at = 0;
        while (at < arguments.size()) {
            String argument = arguments.get(at++);
            if (argument.equals("--")) {
                break;
            }
            if (argument.length() < 2 || argument.charAt(0) != '-') {
                continue;
            }
            if (argument.charAt(1) != '-') {
                help |= shortFlags(argument);
                continue;
            }
            String body = argument.substring(2);
            if (body.startsWith("-") || body.startsWith("=")) {
                throw new ConfigException("bad flag syntax: " + argument);
            }
            int equals = body.indexOf('=');
            String flagName = equals < 0 ? body : body.substring(0, equals);
            String value = equals < 0 ? null : body.substring(equals + 1);
            if (flagName.equals("help")) {
                help = value == null || GoSyntax.bool(value);
                continue;
            }
            Flag flag = known.get(flagName);
            if (flag == null) {
                throw new ConfigException("unknown flag: --" + flagName);
            }
            if (value == null && flag.kind() == Flag.Kind.BOOL) {
                value = "true";
            }
            if (value == null) {
                if (at == arguments.size()) {
                    throw new ConfigException("flag needs an argument: --" + flagName);
                }
                value = arguments.get(at++);
            }
            put(values, flag, value);
        }
        return help;
    }

    /** Only one is known. */
    private static boolean shortFlags(String argument) throws ConfigException {
        for (int i = 1; i < argument.length(); i++) {
            if (argument.charAt(i) != 'h') {
                throw new ConfigException(
                        "unknown shorthand flag: '" + argument.charAt(i) + "' in -" + argument.substring(i));
            }
        }
        return true;
    }

    private static void put(FlagValues values, Flag flag, String value) throws ConfigException {
        try {
            values.put(flag, value);
        } catch (ConfigException e) {
            throw new ConfigException("invalid argument " + GoSyntax.quote(value) + " for \"--" + flag.name()
                    + "\" flag: " + e.getMessage());
        }
    }

    private String usage(boolean start) {
        StringBuilder text = new StringBuilder("Usage:\n  etcd ").append(name);
        if (start) {
            return text.append(" start [flags]\n\nFlags:\n").append(table()).toString();
        }
        return text.append(" [command]\n\nAvailable Commands:\n  start       start ")
                .append(about)
                .append("\n\nFlags:\n")
                .append(HELP)
                .append("   help for ")
                .append(name)
                .append("\n\nUse \"etcd ")
                .append(name)
                .append(" [command] --help\" for more information about a command.\n")
                .toString();
    }

    private String table() {
        List<@Nullable Flag> rows = new ArrayList<>(flags.values());
        Comparator<@Nullable Flag> byName = Comparator.comparing(flag -> flag == null ? "help" : flag.name());
        rows.add(null);
        rows.sort(byName);
        int width = HELP.length();
        for (Flag flag : flags.values()) {
            width = Math.max(width, flag.synopsis().length());
        }
        StringBuilder lines = new StringBuilder();
        for (Flag flag : rows) {
            String left = flag == null ? HELP : flag.synopsis();
            lines.append(left)
                    .append(" ".repeat(width + GAP - left.length()))
                    .append(flag == null ? "help for start" : flag.explanation())
                    .append('\n');
        }
        return lines.toString();
    }
}
