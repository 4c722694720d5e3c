package dev.cairn.raft;

import com.google.protobuf.ByteString;
import dev.cairn.raft.message.ConfChangeFormat;
import dev.cairn.raft.message.ConfChangeSingle;
import dev.cairn.raft.message.ConfChangeType;
import dev.cairn.raft.message.ConfState;
import dev.cairn.raft.message.Entry;
import dev.cairn.raft.message.EntryType;
import dev.cairn.raft.message.HardState;
import dev.cairn.raft.message.IdSet;
import dev.cairn.raft.message.Message;
import dev.cairn.raft.message.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The core's values in the words of etcd's scenarios. */
final class ScenarioText {
    private ScenarioText() {}

    static String describe(Ready ready) {
        StringBuilder text = new StringBuilder();
        SoftState soft = ready.softState();
        if (soft != null) {
            text.append("Lead:").append(soft.leader());
            text.append(" State:").append(soft.role().wireName()).append('\n');
        }
        if (!ready.hardState().isEmpty()) {
            text.append("HardState ").append(describe(ready.hardState())).append('\n');
        }
        if (!ready.readStates().isEmpty()) {
            text.append("ReadStates ");
            text.append(ready.readStates().stream()
                    .map(read -> "{" + read.index() + " " + quote(read.requestContext()) + "}")
                    .collect(Collectors.joining(" ", "[", "]\n")));
        }
        if (!ready.entries().isEmpty()) {
            text.append("Entries:\n").append(describe(ready.entries()));
        }
        if (!ready.snapshot().isEmpty()) {
            text.append("Snapshot ").append(describe(ready.snapshot())).append('\n');
        }
        if (!ready.committedEntries().isEmpty()) {
            text.append("CommittedEntries:\n").append(describe(ready.committedEntries()));
        }
        List<Message> messages = messages(ready);
        if (!messages.isEmpty()) {
            text.append("Messages:\n");
            for (Message message : messages) {
                text.append(describe(message)).append('\n');
            }
        }
        return text.isEmpty() ? "<empty Ready>" : "Ready MustSync=" + ready.mustSync() + ":\n" + text;
    }

    /** All messages of a {@code Ready} in the order in which etcd lists them. */
    static List<Message> messages(Ready ready) {
        List<Message> messages = new ArrayList<>(ready.messages());
        messages.addAll(ready.messagesAfterAppend());
        if (ready.storageAppend() != null) {
            messages.add(ready.storageAppend());
        }
        if (ready.storageApply() != null) {
            messages.add(ready.storageApply());
        }
        return messages;
    }

    private static String describe(HardState state) {
        return "Term:" + state.term() + (state.vote() == 0 ? "" : " Vote:" + state.vote()) + " Commit:"
                + state.commit();
    }

    static String describe(List<Entry> entries) {
        StringBuilder text = new StringBuilder();
        for (Entry entry : entries) {
            text.append(describe(entry)).append('\n');
        }
        return text.toString();
    }

    static String describe(Entry entry) {
        String content;
        if (entry.type() == EntryType.NORMAL) {
            content = quote(entry.data());
        } else {
            content = describeChanges(ConfChangeFormat.decode(entry).changes());
        }
        String start = entry.term() + "/" + entry.index() + " " + entry.type().wireName();
        return content.isEmpty() ? start : start + " " + content;
    }

    private static String quote(ByteString data) {
        return "\"" + data.toStringUtf8().replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    private static String describe(Snapshot snapshot) {
        ConfState state = snapshot.metadata().confState();
        return "Index:" + snapshot.metadata().index() + " Term:"
                + snapshot.metadata().term() + " ConfState:Voters:" + list(state.voters()) + " VotersOutgoing:"
                + list(state.votersOutgoing()) + " Learners:" + list(state.learners()) + " LearnersNext:"
                + list(state.learnersNext()) + " AutoLeave:" + state.autoLeave();
    }

    private static String list(IdSet ids) {
        String text = ids.toString();
        return "[" + text.substring(1, text.length() - 1) + "]";
    }

    static String describe(Message message) {
        return describe(message, "");
    }

    private static String describe(Message message, String indent) {
        StringBuilder text = new StringBuilder(indent);
        text.append(target(message.from())).append("->").append(target(message.to()));
        text.append(' ').append(message.type().wireName());
        text.append(" Term:").append(message.term());
        text.append(" Log:").append(message.logTerm()).append('/').append(message.index());
        if (message.reject()) {
            text.append(" Rejected (Hint: ").append(message.rejectHint()).append(')');
        }
        if (message.commit() != 0) {
            text.append(" Commit:").append(message.commit());
        }
        if (message.vote() != 0) {
            text.append(" Vote:").append(message.vote());
        }
        if (message.entries().size() == 1) {
            text.append(" Entries:[").append(describe(message.entries().get(0))).append(']');
        } else if (message.entries().size() > 1) {
            text.append(" Entries:[");
            for (Entry entry : message.entries()) {
                text.append('\n').append(indent).append("  ").append(describe(entry));
            }
            text.append('\n').append(indent).append(']');
        }
        Snapshot snapshot = message.snapshot();
        if (snapshot != null && !snapshot.isEmpty()) {
            text.append('\n').append(indent).append("  Snapshot: ").append(describe(snapshot));
        }
        if (!message.responses().isEmpty()) {
            text.append(" Responses:[");
            for (Message response : message.responses()) {
                text.append('\n').append(describe(response, indent + "  "));
            }
            text.append('\n').append(indent).append(']');
        }
        return text.toString();
    }

    private static String target(long id) {
        if (id == Message.NONE) {
            return "None";
        }
        if (id == Message.LOCAL_APPEND_THREAD) {
            return "AppendThread";
        }
        return id == Message.LOCAL_APPLY_THREAD ? "ApplyThread" : Long.toHexString(id);
    }

    /** Membership changes in the short form: {@code v1 l2 r3 u4}. */
    static List<ConfChangeSingle> parseChanges(String text) {
        List<ConfChangeSingle> changes = new ArrayList<>();
        for (String word : text.strip().split("\\s+")) {
            if (word.isEmpty()) {
                continue;
            }
            ConfChangeType type = switch (word.charAt(0)) {
                case 'v' -> ConfChangeType.ADD_NODE;
                case 'l' -> ConfChangeType.ADD_LEARNER_NODE;
                case 'r' -> ConfChangeType.REMOVE_NODE;
                case 'u' -> ConfChangeType.UPDATE_NODE;
                default -> throw new IllegalArgumentException("unknown change " + word);
            };
            changes.add(new ConfChangeSingle(type, Long.parseUnsignedLong(word.substring(1))));
        }
        return changes;
    }

    private static String describeChanges(List<ConfChangeSingle> changes) {
        return changes.stream()
                .map(change -> letter(change.type()) + Long.toUnsignedString(change.nodeId()))
                .collect(Collectors.joining(" "));
    }

    private static String letter(ConfChangeType type) {
        return switch (type) {
            case ADD_NODE -> "v";
            case ADD_LEARNER_NODE -> "l";
            case REMOVE_NODE -> "r";
            case UPDATE_NODE -> "u";
        };
    }
}
