package dev.cairn.server.apply;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.mvcc.Table;
import dev.cairn.mvcc.Tables;
import dev.cairn.proto.etcdserverpb.AlarmMember;
import dev.cairn.proto.etcdserverpb.AlarmType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The alarms that are raised, and by which member. Changed on the apply loop; any thread may read the list, which is
 * replaced as a whole by every change. The {@code alarm} table holds one row for each: the encoded {@link AlarmMember} as
 * key, nothing as value.
 */
public final class Alarms {
    /** Hears when an alarm is raised and when it is lifted. Called on the apply loop. */
    public interface Listener {
        void onAlarm(long memberId, AlarmType type, boolean raised);
    }

    private final Tables tables;
    private volatile List<AlarmMember> active = List.of();
    private Listener listener = (memberId, type, raised) -> {};

    /** The alarms as the table holds them. */
    public Alarms(Tables tables) {
        this.tables = tables;
        active = load(tables);
    }

    /** Goes on with what the table holds: a snapshot has replaced it. Apply loop. */
    public void restore() {
        List<AlarmMember> before = active;
        active = load(tables);
        for (AlarmMember alarm : before) {
            if (!active.contains(alarm)) {
                listener.onAlarm(alarm.getMemberID(), alarm.getAlarm(), false);
            }
        }
        for (AlarmMember alarm : active) {
            if (!before.contains(alarm)) {
                listener.onAlarm(alarm.getMemberID(), alarm.getAlarm(), true);
            }
        }
    }

    private static List<AlarmMember> load(Tables tables) {
        List<AlarmMember> loaded = new ArrayList<>();
        tables.forEach(Table.ALARM, (key, value) -> {
            try {
                loaded.add(AlarmMember.parseFrom(key));
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalStateException("table alarm holds a key that is no alarm: " + key, e);
            }
        });
        return List.copyOf(loaded);
    }

    /** Names who hears of changes; it is told at once of what is raised already. Called once, before the first change. */
    public void setListener(Listener alarmListener) {
        listener = alarmListener;
        for (AlarmMember alarm : active) {
            listener.onAlarm(alarm.getMemberID(), alarm.getAlarm(), true);
        }
    }

    /** Whether this member has raised the alarm. */
    public boolean isActive(long memberId, AlarmType type) {
        for (AlarmMember alarm : active) {
            if (alarm.getMemberID() == memberId && alarm.getAlarm() == type) {
                return true;
            }
        }
        return false;
    }

    /** All that are raised; of one type only unless it is NONE. */
    public List<AlarmMember> list(AlarmType type) {
        return type == AlarmType.NONE
                ? active
                : active.stream().filter(a -> a.getAlarm() == type).toList();
    }

    /** Whether any member has raised the alarm. */
    public boolean isActive(AlarmType type) {
        for (AlarmMember alarm : active) {
            if (alarm.getAlarm() == type) {
                return true;
            }
        }
        return false;
    }

    /** Raises the alarm; raising it twice is harmless. */
    AlarmMember activate(long memberId, AlarmType type) {
        AlarmMember alarm =
                AlarmMember.newBuilder().setMemberID(memberId).setAlarm(type).build();
        if (!active.contains(alarm)) {
            List<AlarmMember> next = new ArrayList<>(active);
            next.add(alarm);
            next.sort(Comparator.comparing(AlarmMember::getMemberID, Long::compareUnsigned)
                    .thenComparing(AlarmMember::getAlarmValue));
            active = List.copyOf(next);
            tables.put(Table.ALARM, alarm.toByteString(), ByteString.EMPTY);
            listener.onAlarm(memberId, type, true);
        }
        return alarm;
    }

    /** Lifts the alarm; whether it was raised. */
    boolean deactivate(long memberId, AlarmType type) {
        AlarmMember alarm =
                AlarmMember.newBuilder().setMemberID(memberId).setAlarm(type).build();
        if (!active.contains(alarm)) {
            return false;
        }
        active = active.stream().filter(a -> !a.equals(alarm)).toList();
        tables.delete(Table.ALARM, alarm.toByteString());
        listener.onAlarm(memberId, type, false);
        return true;
    }
}
