package dev.cairn.bench.work;

import dev.cairn.bench.process.Setting;
import java.io.IOException;
import java.util.List;

/** Something that both servers have to do. Immutable. */
public sealed interface Work permits LoadWork, Scenario {
    Heading heading();

    /** In what surroundings the servers run. */
    Setting setting();

    /** About how long one run of one server takes. */
    double seconds(Plan plan);

    /** Starts servers of its own, and ends them. */
    Sample run(Run run) throws IOException;

    default String name() {
        return heading().name();
    }

    default Group group() {
        return heading().group();
    }

    default List<Target> targets() {
        return heading().targets();
    }
}
