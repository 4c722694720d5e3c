package dev.cairn.raft;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.ConfChange;
import dev.cairn.raft.message.ConfChangeFormat;
import dev.cairn.raft.message.ConfChangeSingle;
import dev.cairn.raft.message.ConfChangeTransition;
import dev.cairn.raft.message.ConfChangeV2;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.MessageType;
import dev.cairn.raft.message.Snapshot;
import dev.cairn.raft.message.SnapshotMetadata;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Runs the commands of the interaction scenarios: nodes, their storage and state machines, and a network that delivers
 * when told to. Numbers nodes from one.
 */
final class InteractionScenario {
    private static final List<String> LEVELS = List.of("DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE");
    private static final int NONE = LEVELS.indexOf("NONE");

    private static final int ELECTION_TICKS = 3;

    private final List<Node> nodes = new ArrayList<>();
    private List<Message> network = new ArrayList<>();
    private StringBuilder output = new StringBuilder();
    private int level;

    /** Storage whose snapshot is always what the state machine has reached. */
    private static final class ScenarioStorage implements RaftStorage {
        private final MemoryRaftStorage log = new MemoryRaftStorage();
        private final List<Snapshot> history = new ArrayList<>();

        @Override
        public InitialState initialState() {
            return log.initialState();
        }

        @Override
        public List<Entry> entries(long low, long high, long bytesMax) throws StorageException {
            return log.entries(low, high, bytesMax);
        }

        @Override
        public long term(long index) throws StorageException {
            return log.term(index);
        }

        @Override
        public long firstIndex() {
            return log.firstIndex();
        }

        @Override
        public long lastIndex() {
            return log.lastIndex();
        }

        @Override
        public Snapshot snapshot() {
            return history.get(history.size() - 1);
        }
    }

    private static final class Node {
        private final RaftConfig config;
        private final RaftNode raft;
        private final ScenarioStorage storage;
        private final Deque<Message> appendWork = new ArrayDeque<>();
        private final Deque<Message> applyWork = new ArrayDeque<>();

        Node(RaftConfig config, ScenarioStorage storage) {
            this.config = config;
            this.storage = storage;
            this.raft = new RaftNode(config);
        }
    }

    private final class Redirect implements RaftListener {
        @Override
        public boolean isEnabled(Level wanted) {
            return LEVELS.indexOf(wanted.name()) >= level;
        }

        @Override
        public boolean isRoutineEnabled() {
            return true;
        }

        @Override
        public void log(Level wanted, String text) {
            if (isEnabled(wanted)) {
                line(wanted + " " + text);
            }
        }
    }

    String run(ScenarioFile.Command command) {
        output.setLength(0);
        @Nullable String error = null;
        try {
            error = handle(command);
        } finally {
            for (Node node : nodes) {
                node.raft.checkInvariants();
            }
        }
        // The highest level hushes everything but errors: it is for setting the stage.
        if (level == NONE) {
            return error == null ? "ok" : error;
        }
        if (error != null) {
            output.append(error);
        }
        return output.isEmpty() ? "ok" : output.toString();
    }

    /** Runs one command. Returns what it complains about, null if nothing. */
    private @Nullable String handle(ScenarioFile.Command command) {
        switch (command.name()) {
            case "add-nodes" -> addNodes(command);
            case "campaign" -> first(command).raft.campaign();
            case "compact" -> {
                first(command)
                        .storage
                        .log
                        .compact(Long.parseLong(command.arguments().get(1).key()));
                printLog(first(command));
            }
            case "deliver-msgs" -> deliver(command);
            case "process-ready" -> forEach(command, "handling Ready", this::processReady);
            case "process-append-thread" -> forEach(command, "processing append thread", this::processAppendThread);
            case "process-apply-thread" -> forEach(command, "processing apply thread", this::processApplyThread);
            case "log-level" -> level = levelOf(command.arguments().get(0).key());
            case "raft-log" -> printLog(first(command));
            case "raft-state" -> printStates();
            case "set-randomized-election-timeout" ->
                first(command)
                        .raft
                        .machine()
                        .randomizedElectionTimeoutTicks(Integer.parseInt(command.value("timeout", "")));
            case "stabilize" -> stabilize(command);
            case "status" ->
                first(command).raft.status().progress().forEach((id, progress) -> line(id + ": " + progress));
            case "tick-election" -> tick(first(command), ELECTION_TICKS);
            case "tick-heartbeat" -> tick(first(command), 1);
            case "transfer-leadership" -> {
                long from = Long.parseLong(command.value("from", ""));
                nodes.get((int) from - 1).raft.transferLeader(from, Long.parseLong(command.value("to", "")));
            }
            case "forget-leader" -> first(command).raft.forgetLeader();
            case "read-index" ->
                first(command)
                        .raft
                        .readIndex(ByteString.copyFromUtf8(
                                command.arguments().get(1).key()));
            case "report-unreachable" ->
                first(command)
                        .raft
                        .reportUnreachable(
                                Long.parseLong(command.arguments().get(1).key()));
            case "report-snapshot" ->
                first(command)
                        .raft
                        .reportSnapshot(
                                Long.parseLong(command.arguments().get(1).key()),
                                command.value("status", "ok").equals("ok"));
            case "send-snapshot" -> sendSnapshot(command);
            case "propose" -> {
                return describe(first(command)
                        .raft
                        .propose(ByteString.copyFromUtf8(
                                command.arguments().get(1).key())));
            }
            case "propose-batch" -> {
                List<ByteString> batch = new ArrayList<>();
                for (var argument :
                        command.arguments().subList(1, command.arguments().size())) {
                    batch.add(ByteString.copyFromUtf8(argument.key()));
                }
                return describe(first(command).raft.propose(batch));
            }
            case "propose-conf-change" -> {
                return describe(proposeConfChange(command));
            }
            default -> throw new IllegalArgumentException("unknown command " + command.name());
        }
        return null;
    }

    private Node first(ScenarioFile.Command command) {
        return nodes.get(command.firstNode());
    }

    private interface Work {
        void on(Node node);
    }

    private void forEach(ScenarioFile.Command command, String title, Work work) {
        List<Integer> positions = command.nodes();
        for (int position : positions) {
            if (positions.size() == 1) {
                work.on(nodes.get(position));
            } else {
                line("> " + (position + 1) + " " + title);
                indented(() -> work.on(nodes.get(position)));
            }
        }
    }

    private static @Nullable String describe(StepOutcome outcome) {
        return switch (outcome) {
            case ACCEPTED -> null;
            case PROPOSAL_DROPPED -> "raft proposal dropped";
            case PEER_NOT_FOUND -> "raft: cannot step as peer not found";
            case LOCAL_MESSAGE_REFUSED -> "raft: cannot step raft local message";
        };
    }

    private static int levelOf(String name) {
        return LEVELS.indexOf(name.toUpperCase(Locale.ROOT));
    }

    private void line(String text) {
        output.append(text).append('\n');
    }

    private void indented(Runnable work) {
        StringBuilder outer = output;
        output = new StringBuilder();
        work.run();
        output.toString()
                .lines()
                .forEach(text -> outer.append("  ").append(text).append('\n'));
        output = outer;
    }

    // Nodes.

    private void addNodes(ScenarioFile.Command command) {
        long index = Long.parseLong(command.value("index", "0"));
        IdSet voters = ids(command.valuesOrNull("voters"));
        IdSet learners = ids(command.valuesOrNull("learners"));
        ConfState members = new ConfState(voters, learners, IdSet.EMPTY, IdSet.EMPTY, false);
        Snapshot start = index == 0
                ? Snapshot.EMPTY
                : new Snapshot(
                        ByteString.copyFromUtf8(command.value("content", "")), new SnapshotMetadata(members, index, 1));
        for (int i = 0; i < command.firstNode() + 1; i++) {
            ScenarioStorage storage = new ScenarioStorage();
            if (!start.isEmpty()) {
                storage.log.applySnapshot(start);
            }
            long term = Long.parseLong(command.value("term", "0"));
            if (term > 0) {
                storage.log.setHardState(new HardState(term, Message.NONE, index));
            }
            storage.history.add(start);
            RaftConfig config = RaftConfig.builder()
                    .id(nodes.size() + 1)
                    .storage(storage)
                    .applied(index)
                    .electionTicks(ELECTION_TICKS)
                    .heartbeatTicks(1)
                    .maxSizePerMessage(Long.parseLong(command.value("max-size-per-msg", "" + RaftConfig.NO_LIMIT)))
                    .maxCommittedSizePerReady(Long.parseLong(command.value("max-committed-size-per-ready", "0")))
                    .maxUncommittedEntriesSize(
                            Long.parseLong(command.value("max-uncommitted-size", "" + RaftConfig.NO_LIMIT)))
                    .maxInflightMessages(Integer.parseInt(command.value("inflight", "" + Integer.MAX_VALUE)))
                    .maxInflightBytes(Long.parseLong(command.value("inflight-bytes", "" + RaftConfig.NO_LIMIT)))
                    .asyncStorageWrites(command.flag("async-storage-writes"))
                    .checkQuorum(command.flag("checkquorum"))
                    .preVote(command.flag("prevote"))
                    .readOnlyOption(
                            command.value("read-only", "safe").equals("safe")
                                    ? ReadOnlyOption.SAFE
                                    : ReadOnlyOption.LEASE_BASED)
                    .disableProposalForwarding(command.flag("disable-proposal-forwarding"))
                    .disableConfChangeValidation(command.flag("disable-conf-change-validation"))
                    .stepDownOnRemoval(command.flag("step-down-on-removal"))
                    .randomBelow(bound -> bound - 1)
                    .listener(new Redirect())
                    .build();
            nodes.add(new Node(config, storage));
        }
    }

    private static IdSet ids(@Nullable List<String> values) {
        IdSet ids = IdSet.EMPTY;
        if (values != null) {
            for (String value : values) {
                ids = ids.with(Long.parseLong(value));
            }
        }
        return ids;
    }

    private static void tick(Node node, int ticks) {
        for (int i = 0; i < ticks; i++) {
            node.raft.tick();
        }
    }

    private StepOutcome proposeConfChange(ScenarioFile.Command command) {
        List<ConfChangeSingle> changes = ScenarioText.parseChanges(command.input());
        if (command.flag("v1")) {
            ConfChangeSingle only = changes.get(0);
            return first(command)
                    .raft
                    .proposeConfChange(new ConfChange(0, only.type(), only.nodeId(), ByteString.EMPTY));
        }
        ConfChangeTransition transition = switch (command.value("transition", "auto")) {
            case "auto" -> ConfChangeTransition.AUTO;
            case "implicit" -> ConfChangeTransition.JOINT_IMPLICIT;
            case "explicit" -> ConfChangeTransition.JOINT_EXPLICIT;
            default -> throw new IllegalArgumentException("unknown transition");
        };
        return first(command).raft.proposeConfChange(new ConfChangeV2(transition, changes, ByteString.EMPTY));
    }

    private void sendSnapshot(ScenarioFile.Command command) {
        Node from = first(command);
        Message message = Message.builder(MessageType.SNAP)
                .from(from.config.id())
                .to(Long.parseLong(command.arguments().get(1).key()))
                .term(from.raft.status().hardState().term())
                .snapshot(from.storage.snapshot())
                .build();
        network.add(message);
        line(ScenarioText.describe(message));
    }

    // Printing.

    private void printLog(Node node) {
        MemoryRaftStorage log = node.storage.log;
        if (log.lastIndex() < log.firstIndex()) {
            output.append("log is empty: first index=" + log.firstIndex() + ", last index=" + log.lastIndex());
            return;
        }
        try {
            output.append(
                    ScenarioText.describe(log.entries(log.firstIndex(), log.lastIndex() + 1, RaftConfig.NO_LIMIT)));
        } catch (StorageException e) {
            throw new IllegalStateException(e);
        }
    }

    private void printStates() {
        for (Node node : nodes) {
            RaftStatus status = node.raft.status();
            line(status.id() + ": " + status.softState().role().wireName()
                    + (status.isVoter(status.id()) ? " (Voter)" : " (Non-Voter)") + " Term:"
                    + status.hardState().term() + " Lead:" + status.softState().leader());
        }
    }

    // Work.

    private void processReady(Node node) {
        Ready ready = node.raft.ready();
        output.append(ScenarioText.describe(ready));
        if (!output.toString().endsWith("\n")) {
            output.append('\n');
        }
        if (!node.config.asyncStorageWrites()) {
            append(node, ready.hardState(), ready.entries(), ready.snapshot());
            apply(node, ready.committedEntries());
        }
        for (Message message : ScenarioText.messages(ready)) {
            if (message.to() == Message.LOCAL_APPEND_THREAD) {
                node.appendWork.add(message);
            } else if (message.to() == Message.LOCAL_APPLY_THREAD) {
                node.applyWork.add(message);
            } else {
                network.add(message);
            }
        }
        if (!node.config.asyncStorageWrites()) {
            node.raft.advance();
        }
    }

    private static void append(Node node, HardState hardState, List<Entry> entries, Snapshot snapshot) {
        if (!hardState.isEmpty()) {
            node.storage.log.setHardState(hardState);
        }
        if (!snapshot.isEmpty()) {
            node.storage.log.applySnapshot(snapshot);
        }
        node.storage.log.append(entries);
    }

    /** Applies to a state machine that strings all data together. */
    private static void apply(Node node, List<Entry> entries) {
        for (Entry entry : entries) {
            Snapshot last = node.storage.snapshot();
            ConfState members = last.metadata().confState();
            ByteString update;
            switch (entry.type()) {
                case CONF_CHANGE -> {
                    ConfChange change = ConfChangeFormat.decode(entry.data());
                    update = change.context();
                    members = node.raft.applyConfChange(change);
                }
                case CONF_CHANGE_V2 -> {
                    ConfChangeV2 change = ConfChangeFormat.decodeV2(entry.data());
                    update = change.context();
                    members = node.raft.applyConfChange(change);
                }
                default -> update = entry.data();
            }
            node.storage.history.add(new Snapshot(
                    last.data().concat(update), new SnapshotMetadata(members, entry.index(), entry.term())));
        }
    }

    private void processAppendThread(Node node) {
        Message work = node.appendWork.poll();
        if (work == null) {
            output.append("no append work to perform");
            return;
        }
        Snapshot snapshot = work.snapshot();
        describeWork(work);
        append(
                node,
                new HardState(work.term(), work.vote(), work.commit()),
                work.entries(),
                snapshot == null ? Snapshot.EMPTY : snapshot);
        respond(work);
    }

    private void processApplyThread(Node node) {
        Message work = node.applyWork.poll();
        if (work == null) {
            output.append("no apply work to perform");
            return;
        }
        describeWork(work);
        apply(node, work.entries());
        respond(work);
    }

    private void describeWork(Message work) {
        line("Processing:");
        line(ScenarioText.describe(work.toBuilder().responses(List.of()).build()));
    }

    private void respond(Message work) {
        line("Responses:");
        for (Message response : work.responses()) {
            line(ScenarioText.describe(response));
            network.add(response);
        }
    }

    private void stabilize(ScenarioFile.Command command) {
        int before = level;
        String wanted = command.value("log-level", "");
        if (!wanted.isEmpty()) {
            level = levelOf(wanted);
        }
        List<Node> chosen = new ArrayList<>();
        for (int position : command.nodes()) {
            chosen.add(nodes.get(position));
        }
        StringBuilder kept = output;
        stabilize(chosen.isEmpty() ? nodes : chosen);
        if (level == NONE) {
            kept.setLength(0);
        }
        level = before;
    }

    private void stabilize(List<Node> chosen) {
        boolean done = false;
        while (!done) {
            done = true;
            for (Node node : chosen) {
                if (node.raft.hasReady()) {
                    line("> " + node.config.id() + " handling Ready");
                    indented(() -> processReady(node));
                    done = false;
                }
            }
            for (Node node : chosen) {
                long id = node.config.id();
                if (network.stream().anyMatch(message -> message.to() == id)) {
                    line("> " + id + " receiving messages");
                    indented(() -> deliverTo(id, false, null));
                    done = false;
                }
            }
            for (Node node : chosen) {
                if (!node.appendWork.isEmpty()) {
                    line("> " + node.config.id() + " processing append thread");
                    while (!node.appendWork.isEmpty()) {
                        indented(() -> processAppendThread(node));
                    }
                    done = false;
                }
            }
            for (Node node : chosen) {
                if (!node.applyWork.isEmpty()) {
                    line("> " + node.config.id() + " processing apply thread");
                    while (!node.applyWork.isEmpty()) {
                        indented(() -> processApplyThread(node));
                    }
                    done = false;
                }
            }
        }
    }

    // Network.

    private void deliver(ScenarioFile.Command command) {
        String typeName = command.value("type", "");
        @Nullable
        MessageType type = typeName.isEmpty()
                ? null
                : Arrays.stream(MessageType.values())
                        .filter(candidate -> candidate.wireName().equals(typeName))
                        .findFirst()
                        .orElseThrow();
        int delivered = 0;
        for (int position : command.nodes()) {
            delivered += deliverTo(position + 1L, false, type);
        }
        List<String> dropped = command.valuesOrNull("drop");
        if (dropped != null) {
            for (String id : dropped) {
                delivered += deliverTo(Long.parseLong(id), true, type);
            }
        }
        if (delivered == 0) {
            output.append("no messages");
        }
    }

    private int deliverTo(long to, boolean drop, @Nullable MessageType type) {
        List<Message> chosen = new ArrayList<>();
        List<Message> rest = new ArrayList<>();
        for (Message message : network) {
            boolean local = message.from() == message.to() || Message.isLocalTarget(message.from());
            boolean take = message.to() == to && !(drop && local) && (type == null || message.type() == type);
            (take ? chosen : rest).add(message);
        }
        network = rest;
        Iterator<Message> messages = chosen.iterator();
        while (messages.hasNext()) {
            Message message = messages.next();
            line((drop ? "dropped: " : "") + ScenarioText.describe(message));
            if (!drop) {
                @Nullable
                String complaint = describe(nodes.get((int) to - 1).raft.step(message));
                if (complaint != null) {
                    line(complaint);
                }
            }
        }
        return chosen.size();
    }
}
