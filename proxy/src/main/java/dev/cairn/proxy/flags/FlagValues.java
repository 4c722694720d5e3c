package dev.cairn.proxy.flags;

import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.GoSyntax;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The values of a command's flags, given or standard. Filled by {@link StartCommand}, immutable afterwards. */
public final class FlagValues {
    private final Map<String, Flag> flags;
    private final Map<String, List<String>> given = new HashMap<>();

    FlagValues(Map<String, Flag> flags) {
        this.flags = flags;
    }

    /** A further value: of a list it adds to those before, of all others it takes their place. */
    void put(Flag flag, String text) throws ConfigException {
        flag.check(text);
        List<String> values = given.computeIfAbsent(flag.name(), name -> new ArrayList<>());
        if (flag.kind() != Flag.Kind.STRINGS) {
            values.clear();
        }
        values.add(text);
    }

    private Flag flag(String name, Flag.Kind kind) {
        Flag flag = flags.get(name);
        if (flag == null || (flag.kind() != kind && kind != Flag.Kind.INT)) {
            throw new IllegalArgumentException("no flag of this kind: " + name);
        }
        return flag;
    }

    private String last(Flag flag) {
        List<String> values = given.get(flag.name());
        return values == null ? flag.standard() : values.get(values.size() - 1);
    }

    public String text(String name) {
        return last(flag(name, Flag.Kind.STRING));
    }

    public boolean bool(String name) {
        try {
            return GoSyntax.bool(last(flag(name, Flag.Kind.BOOL)));
        } catch (ConfigException e) {
            throw new IllegalStateException("checked when it was given: " + name, e);
        }
    }

    public Duration duration(String name) {
        try {
            return GoSyntax.duration(last(flag(name, Flag.Kind.DURATION)));
        } catch (ConfigException e) {
            throw new IllegalStateException("checked when it was given: " + name, e);
        }
    }

    /** A number of any kind. */
    public long number(String name) {
        Flag flag = flag(name, Flag.Kind.INT);
        return flag.numberOf(last(flag));
    }

    public List<String> texts(String name) {
        Flag flag = flag(name, Flag.Kind.STRINGS);
        @Nullable List<String> values = given.get(name);
        List<String> all = new ArrayList<>();
        for (String value : values == null ? List.of(flag.standard()) : values) {
            all.addAll(Flag.split(value));
        }
        return List.copyOf(all);
    }
}
