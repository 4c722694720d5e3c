package dev.cairn.server.config;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Immutable. When a log file is put aside and what becomes of it then, as {@code --log-rotation-config-json} says.
 *
 * @param megabytesMax the size at which a file is put aside
 * @param daysMax how long files are kept; 0 for ever
 * @param backupsMax how many are kept; 0 for all
 * @param localTime whether the names of kept files tell local time
 * @param compress whether kept files are compressed
 */
public record LogRotation(int megabytesMax, int daysMax, int backupsMax, boolean localTime, boolean compress) {
    private static final int MEGABYTES_DEFAULT = 100;
    private static final String FIELD = " into Go struct field logRotationConfig.Logger.";

    /** A size that is not positive stands for 100. */
    public LogRotation {
        megabytesMax = megabytesMax <= 0 ? MEGABYTES_DEFAULT : megabytesMax;
        daysMax = Math.max(0, daysMax);
        backupsMax = Math.max(0, backupsMax);
    }

    /** @throws ConfigException with etcd's words */
    static LogRotation parse(String json) throws ConfigException {
        Object document;
        try {
            document = GoJson.parse(json);
        } catch (ConfigException e) {
            throw new ConfigException("improperly formatted log rotation config: " + e.getMessage());
        }
        try {
            return of(document);
        } catch (ConfigException e) {
            throw new ConfigException("invalid log rotation config: json: cannot unmarshal " + e.getMessage());
        }
    }

    private static LogRotation of(@Nullable Object document) throws ConfigException {
        if (document == null) {
            return new LogRotation(0, 0, 0, false, false);
        }
        if (!(document instanceof Map<?, ?> members)) {
            throw new ConfigException(typeOf(document) + " into Go value of type embed.logRotationConfig");
        }
        int[] numbers = new int[3];
        boolean[] switches = new boolean[2];
        List<String> numberNames = List.of("maxsize", "maxage", "maxbackups");
        List<String> switchNames = List.of("localtime", "compress");
        for (Map.Entry<?, ?> member : members.entrySet()) {
            Object value = member.getValue();
            String name = String.valueOf(member.getKey()).toLowerCase(Locale.ROOT);
            if (value == null) {
                continue;
            }
            if (numberNames.contains(name)) {
                numbers[numberNames.indexOf(name)] = number(name, value);
            } else if (switchNames.contains(name)) {
                if (!(value instanceof Boolean on)) {
                    throw new ConfigException(typeOf(value) + FIELD + name + " of type bool");
                }
                switches[switchNames.indexOf(name)] = on;
            } else if (name.equals("filename") && !(value instanceof String)) {
                throw new ConfigException(typeOf(value) + FIELD + name + " of type string");
            }
        }
        return new LogRotation(numbers[0], numbers[1], numbers[2], switches[0], switches[1]);
    }

    private static int number(String name, Object value) throws ConfigException {
        String where = FIELD + name + " of type int";
        if (!(value instanceof GoJson.Numeral numeral)) {
            throw new ConfigException(typeOf(value) + where);
        }
        String text = numeral.text();
        boolean whole = text.indexOf('.') < 0 && text.indexOf('e') < 0 && text.indexOf('E') < 0;
        if (!whole || text.length() > 20 || new BigInteger(text).bitLength() > 63) {
            throw new ConfigException("number " + text + where);
        }
        return new BigDecimal(text)
                .min(BigDecimal.valueOf(Integer.MAX_VALUE))
                .max(BigDecimal.valueOf(Integer.MIN_VALUE))
                .intValue();
    }

    private static String typeOf(Object value) {
        if (value instanceof String) {
            return "string";
        }
        if (value instanceof Boolean) {
            return "bool";
        }
        if (value instanceof GoJson.Numeral) {
            return "number";
        }
        return value instanceof List ? "array" : "object";
    }
}
