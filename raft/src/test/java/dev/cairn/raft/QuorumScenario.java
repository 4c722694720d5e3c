package dev.cairn.raft;

import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.quorum.JointQuorum;
import dev.cairn.raft.quorum.MajorityQuorum;
import dev.cairn.raft.quorum.Vote;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Runs the commands of the quorum scenarios: {@code committed} and {@code vote}. */
final class QuorumScenario {
    /** A voter on the diagram: how many have acknowledged less. */
    private static final class Bar {
        private final long id;
        private final long index;
        private final boolean known;
        private int length;

        Bar(long id, long index, boolean known) {
            this.id = id;
            this.index = index;
            this.known = known;
        }
    }

    String run(ScenarioFile.Command command) {
        IdSet incoming = ids(command, "cfg");
        IdSet outgoing = ids(command, "cfgj");
        List<Long> order = new ArrayList<>();
        for (IdSet half : List.of(incoming, outgoing)) {
            for (long id : half.toArray()) {
                if (!order.contains(id)) {
                    order.add(id);
                }
            }
        }
        boolean joint = command.valuesOrNull("cfgj") != null;
        return switch (command.name()) {
            case "committed" -> committed(command, incoming, outgoing, joint, order);
            case "vote" -> vote(command, incoming, outgoing, joint, order);
            default -> throw new IllegalArgumentException("unknown command " + command.name());
        };
    }

    private static IdSet ids(ScenarioFile.Command command, String key) {
        IdSet ids = IdSet.EMPTY;
        List<String> values = command.valuesOrNull(key);
        if (values != null) {
            for (String value : values) {
                // "zero" asks for a joint quorum whose second half is empty.
                if (!value.equals("zero")) {
                    ids = ids.with(Long.parseUnsignedLong(value));
                }
            }
        }
        return ids;
    }

    private static String committed(
            ScenarioFile.Command command, IdSet incoming, IdSet outgoing, boolean joint, List<Long> order) {
        Map<Long, Long> acked = new TreeMap<>();
        List<String> given = command.valuesOrNull("idx");
        for (int i = 0; given != null && i < given.size(); i++) {
            if (!given.get(i).equals("_")) {
                acked.put(order.get(i), Long.parseLong(given.get(i)));
            }
        }
        long index = joint
                ? JointQuorum.of(incoming, outgoing).committedIndex(id -> acked.getOrDefault(id, 0L))
                : new MajorityQuorum(incoming).committedIndex(id -> acked.getOrDefault(id, 0L));
        long swapped = JointQuorum.of(outgoing, incoming).committedIndex(id -> acked.getOrDefault(id, 0L));
        if (index != swapped) {
            throw new IllegalStateException("committed " + index + ", with the halves swapped " + swapped);
        }
        String result = index == MajorityQuorum.EVERYTHING ? "∞" : Long.toString(index);
        return diagram(incoming.union(outgoing), acked) + result + "\n";
    }

    private static String diagram(IdSet voters, Map<Long, Long> acked) {
        if (voters.isEmpty()) {
            return "<empty majority quorum>";
        }
        List<Bar> bars = new ArrayList<>();
        for (long id : voters.toArray()) {
            bars.add(new Bar(id, acked.getOrDefault(id, 0L), acked.containsKey(id)));
        }
        List<Bar> ascending = new ArrayList<>(bars);
        ascending.sort(Comparator.comparingLong(bar -> bar.index));
        for (int i = 1; i < ascending.size(); i++) {
            Bar before = ascending.get(i - 1);
            ascending.get(i).length = before.index < ascending.get(i).index ? i : before.length;
        }
        int width = bars.size();
        StringBuilder text = new StringBuilder(" ".repeat(width) + "    idx\n");
        for (Bar bar : bars) {
            text.append(
                    bar.known
                            ? "x".repeat(bar.length) + ">" + " ".repeat(width - bar.length)
                            : "?" + " ".repeat(width));
            text.append(String.format(" %5d    (id=%d)%n", bar.index, bar.id));
        }
        return text.toString();
    }

    private static String vote(
            ScenarioFile.Command command, IdSet incoming, IdSet outgoing, boolean joint, List<Long> order) {
        Map<Long, Vote> votes = new TreeMap<>();
        List<String> given = command.valuesOrNull("votes");
        for (int i = 0; given != null && i < given.size(); i++) {
            votes.put(
                    order.get(i),
                    switch (given.get(i)) {
                        case "y" -> Vote.GRANTED;
                        case "n" -> Vote.REJECTED;
                        default -> Vote.MISSING;
                    });
        }
        var result = joint
                ? JointQuorum.of(incoming, outgoing).voteResult(id -> votes.getOrDefault(id, Vote.MISSING))
                : new MajorityQuorum(incoming).voteResult(id -> votes.getOrDefault(id, Vote.MISSING));
        return switch (result) {
            case WON -> "VoteWon\n";
            case LOST -> "VoteLost\n";
            case PENDING -> "VotePending\n";
        };
    }
}
