package dev.cairn.it.oracle;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import dev.cairn.it.process.Programs;
import dev.cairn.proto.etcdserverpb.KVGrpc;
import dev.cairn.proto.v3electionpb.ElectionGrpc;
import dev.cairn.proto.v3lockpb.LockGrpc;
import dev.cairn.server.api.EtcdError;
import io.grpc.protobuf.ProtoFileDescriptorSupplier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * {@code docs/api-coverage.tsv}: each RPC, each field of the contract and each error, and the test that proves it. Immutable.
 *
 * <p>Rows: the full name of an RPC or a field, or code and text of an error; a tab; the simple name of a test class. What no server
 * ever sends has {@code -} in place of the test and, behind another tab, the reason.
 */
final class ApiCoverage {
    private static final String FILE = "docs/api-coverage.tsv";
    private static final String NO_TEST = "-";

    private final Map<String, String> testByName;
    private final Map<String, String> reasonByName;

    private ApiCoverage(Map<String, String> testByName, Map<String, String> reasonByName) {
        this.testByName = testByName;
        this.reasonByName = reasonByName;
    }

    static ApiCoverage read() throws IOException {
        Map<String, String> tests = new TreeMap<>();
        Map<String, String> reasons = new TreeMap<>();
        for (String line : Files.readAllLines(Programs.repository().resolve(FILE), UTF_8)) {
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            List<String> columns = List.of(line.split("\t", -1));
            String name = columns.get(0);
            boolean isRow = columns.size() == 2 && !columns.get(1).equals(NO_TEST)
                    || columns.size() == 3
                            && columns.get(1).equals(NO_TEST)
                            && !columns.get(2).isBlank();
            if (!isRow || tests.containsKey(name) || reasons.containsKey(name)) {
                throw new AssertionError(FILE + ": not a row, or a second one of that name: " + line);
            }
            if (columns.size() == 2) {
                tests.put(name, columns.get(1));
            } else {
                reasons.put(name, columns.get(2));
            }
        }
        return new ApiCoverage(tests, reasons);
    }

    /** All that has a row. */
    Set<String> names() {
        Set<String> names = new TreeSet<>(testByName.keySet());
        names.addAll(reasonByName.keySet());
        return names;
    }

    /** What no server sends, and why. */
    Map<String, String> reasonByName() {
        return reasonByName;
    }

    Map<String, String> testByName() {
        return testByName;
    }

    /**
     * Fails when the table claims something for the test that the test did not exercise. With {@code -Dcairn.census=FOLDER}
     * it also writes down there what the test did exercise, for whoever mends the table.
     */
    void verify(Class<?> test, Set<String> exercised) throws IOException {
        String folder = System.getProperty("cairn.census");
        if (folder != null) {
            Files.write(Path.of(folder, test.getSimpleName()), exercised);
        }
        Set<String> excused = new TreeSet<>(reasonByName.keySet());
        excused.retainAll(exercised);
        if (!excused.isEmpty()) {
            throw new AssertionError(
                    FILE + " says that nothing sends what " + test.getSimpleName() + " saw: " + excused);
        }
        Set<String> claimed = new TreeSet<>();
        testByName.forEach((name, by) -> {
            if (by.equals(test.getSimpleName()) && !isRpc(name)) {
                claimed.add(name);
            }
        });
        claimed.removeAll(exercised);
        if (!claimed.isEmpty()) {
            throw new AssertionError(
                    FILE + " claims for " + test.getSimpleName() + " that it did not exercise: " + claimed);
        }
    }

    /** Every RPC, every field that requests and responses are made of, and every error. */
    static Set<String> contract() {
        Set<String> names = new TreeSet<>();
        for (EtcdError error : EtcdError.values()) {
            names.add(error.status().getCode() + ": " + error.message());
        }
        for (Object schema : List.of(
                Objects.requireNonNull(KVGrpc.getServiceDescriptor().getSchemaDescriptor()),
                Objects.requireNonNull(LockGrpc.getServiceDescriptor().getSchemaDescriptor()),
                Objects.requireNonNull(ElectionGrpc.getServiceDescriptor().getSchemaDescriptor()))) {
            FileDescriptor file = ((ProtoFileDescriptorSupplier) schema).getFileDescriptor();
            for (ServiceDescriptor service : file.getServices()) {
                for (MethodDescriptor method : service.getMethods()) {
                    names.add(service.getFullName() + "/" + method.getName());
                    addFields(method.getInputType(), names);
                    addFields(method.getOutputType(), names);
                }
            }
        }
        return names;
    }

    private static boolean isRpc(String name) {
        return name.indexOf('/') > 0 && name.indexOf(' ') < 0;
    }

    private static void addFields(Descriptor message, Set<String> names) {
        for (FieldDescriptor field : message.getFields()) {
            if (names.add(field.getFullName()) && field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                addFields(field.getMessageType(), names);
            }
        }
    }
}
