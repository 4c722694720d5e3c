package dev.cairn.raft;

import dev.cairn.raft.membership.Configuration;
import dev.cairn.raft.membership.ConfigurationChanger;
import dev.cairn.raft.membership.ConfigurationException;
import dev.cairn.raft.message.ConfChangeSingle;
import dev.cairn.raft.progress.ProgressTracker;
import java.util.List;

/** Runs the commands of the membership scenarios: {@code simple}, {@code enter-joint} and {@code leave-joint}. */
final class ConfChangeScenario {
    private final ProgressTracker tracker = new ProgressTracker(10, Long.MAX_VALUE);
    private Configuration configuration = Configuration.EMPTY;

    /** Grows with every command, so that the progress of a member tells when it came. */
    private long lastIndex;

    String run(ScenarioFile.Command command) {
        List<ConfChangeSingle> changes = ScenarioText.parseChanges(command.input());
        try {
            ConfigurationChanger.Change change = switch (command.name()) {
                case "simple" -> ConfigurationChanger.simple(configuration, changes);
                case "enter-joint" ->
                    ConfigurationChanger.enterJoint(configuration, command.flag("autoleave"), changes);
                case "leave-joint" -> ConfigurationChanger.leaveJoint(configuration);
                default -> throw new IllegalArgumentException("unknown command " + command.name());
            };
            configuration = change.configuration();
            tracker.follow(configuration, change.renewed(), Math.max(lastIndex, 1), true);
        } catch (ConfigurationException e) {
            return e.getMessage() + "\n";
        } finally {
            lastIndex++;
        }
        StringBuilder text = new StringBuilder(configuration + "\n");
        tracker.forEach((id, progress) ->
                text.append(id).append(": ").append(PeerProgress.of(progress)).append('\n'));
        return text.toString();
    }
}
