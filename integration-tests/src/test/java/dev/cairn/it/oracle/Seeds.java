package dev.cairn.it.oracle;

import java.security.SecureRandom;
import java.util.List;
import java.util.stream.LongStream;

/** Which seeds a test of generated calls runs. */
final class Seeds {
    private Seeds() {}

    /** The fixed ones and, by {@code -Dcairn.fresh=N}, new ones; with {@code -Dcairn.seed=N} that one alone. */
    static LongStream of(List<Long> fixed) {
        Long given = Long.getLong("cairn.seed");
        if (given != null) {
            return LongStream.of(given);
        }
        SecureRandom random = new SecureRandom();
        return LongStream.concat(
                fixed.stream().mapToLong(Long::longValue),
                LongStream.generate(() -> random.nextInt(Integer.MAX_VALUE)).limit(Long.getLong("cairn.fresh", 0L)));
    }
}
