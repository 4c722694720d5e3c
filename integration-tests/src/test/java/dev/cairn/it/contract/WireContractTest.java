package dev.cairn.it.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.proto.etcdserverpb.Metadata;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.leasepb.LeaseInternalRequest;
import dev.cairn.proto.raftpb.Entry;
import dev.cairn.proto.snappb.snapshot;
import dev.cairn.proto.v3electionpb.CampaignRequest;
import dev.cairn.proto.v3lockpb.LockRequest;
import dev.cairn.proto.walpb.Record;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Goal: every message, field, enum value and method is etcd's. Method: the descriptors of our generated code as lines of a
 * table, compared with the table that real etcd's Go code gives, and with what jetcd brings along.
 */
@Tag("contract")
@Timeout(60)
class WireContractTest {
    /** One file of each package; the rest comes by their imports. */
    private static final List<FileDescriptor> OURS = List.of(
            RangeRequest.getDescriptor().getFile(),
            InternalRaftRequest.getDescriptor().getFile(),
            Metadata.getDescriptor().getFile(),
            LeaseInternalRequest.getDescriptor().getFile(),
            Entry.getDescriptor().getFile(),
            snapshot.getDescriptor().getFile(),
            CampaignRequest.getDescriptor().getFile(),
            LockRequest.getDescriptor().getFile(),
            Record.getDescriptor().getFile());

    private static final List<FileDescriptor> JETCD = List.of(
            io.etcd.jetcd.api.RangeRequest.getDescriptor().getFile(),
            io.etcd.jetcd.api.lock.LockRequest.getDescriptor().getFile(),
            io.etcd.jetcd.api.CampaignRequest.getDescriptor().getFile());

    @Test
    void shouldBeWhatEtcdRegisters() {
        String table = Command.run(List.of(Programs.real("contract").toString()), Duration.ofSeconds(30))
                .success();
        Set<String> expected = new TreeSet<>(table.lines().toList());
        assertThat(expected).as("lines of etcd's contract").hasSizeGreaterThan(600);
        Set<String> actual = new TreeSet<>(lines(OURS, true));
        Set<String> missing = new TreeSet<>(expected);
        missing.removeAll(actual);
        assertThat(missing).as("in etcd, not here").isEmpty();
        actual.removeAll(expected);
        assertThat(actual).as("here, not in etcd").isEmpty();
    }

    /** jetcd was built from an older release, so ours may have more; nothing that it has may be missing or differ. */
    @Test
    void shouldContainAllThatJetcdUses() {
        Set<String> expected = new TreeSet<>(lines(JETCD, false));
        assertThat(expected).as("lines of jetcd's contract").hasSizeGreaterThan(300);
        Set<String> missing = new TreeSet<>(expected);
        missing.removeAll(lines(OURS, false));
        // jetcd's file declares a method that etcd has in no release, and jetcd calls it nowhere.
        missing.remove("rpc\tetcdserverpb.Watch\tProgress\tetcdserverpb.WatchProgressRequest"
                + "\tetcdserverpb.WatchResponse\tfalse\tfalse");
        assertThat(missing).as("in jetcd, not here").isEmpty();
    }

    /** With {@code details}: presence, packing and oneofs, which only matter where the releases are the same. */
    private static Set<String> lines(List<FileDescriptor> roots, boolean details) {
        Map<String, FileDescriptor> files = new LinkedHashMap<>();
        roots.forEach(root -> collect(root, files));
        Set<String> lines = new TreeSet<>();
        for (FileDescriptor file : files.values()) {
            file.getEnumTypes().forEach(type -> values(type, lines));
            file.getMessageTypes().forEach(type -> message(type, details, lines));
            for (ServiceDescriptor service : file.getServices()) {
                for (MethodDescriptor method : service.getMethods()) {
                    lines.add(String.join(
                            "\t",
                            "rpc",
                            service.getFullName(),
                            method.getName(),
                            method.getInputType().getFullName(),
                            method.getOutputType().getFullName(),
                            "" + method.isClientStreaming(),
                            "" + method.isServerStreaming()));
                }
            }
        }
        return lines;
    }

    private static void collect(FileDescriptor file, Map<String, FileDescriptor> files) {
        if (file.getPackage().startsWith("google.") || files.putIfAbsent(file.getFullName(), file) != null) {
            return;
        }
        file.getDependencies().forEach(dependency -> collect(dependency, files));
    }

    private static void message(Descriptor type, boolean details, Set<String> lines) {
        lines.add("message\t" + type.getFullName());
        for (FieldDescriptor field : type.getFields()) {
            String line = String.join(
                    "\t", "field", type.getFullName(), field.getName(), "" + field.getNumber(), kind(field), label(field));
            if (details) {
                OneofDescriptor oneof = field.getRealContainingOneof();
                line += "\t" + (oneof == null ? "-" : oneof.getName()) + "\t"
                        + (field.isRepeated() ? "" + field.isPacked() : "-");
            }
            lines.add(line);
        }
        type.getEnumTypes().forEach(nested -> values(nested, lines));
        type.getNestedTypes().forEach(nested -> message(nested, details, lines));
    }

    private static void values(EnumDescriptor type, Set<String> lines) {
        for (EnumValueDescriptor value : type.getValues()) {
            lines.add(String.join("\t", "value", type.getFullName(), value.getName(), "" + value.getNumber()));
        }
    }

    private static String kind(FieldDescriptor field) {
        return switch (field.getJavaType()) {
            case MESSAGE -> field.getMessageType().getFullName();
            case ENUM -> field.getEnumType().getFullName();
            default -> field.getType().name().toLowerCase(Locale.ROOT);
        };
    }

    private static String label(FieldDescriptor field) {
        return field.isRepeated() ? "repeated" : field.isRequired() ? "required" : "optional";
    }
}
