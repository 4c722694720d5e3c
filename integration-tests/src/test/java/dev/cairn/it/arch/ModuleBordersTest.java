package dev.cairn.it.arch;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.cairn.failpoint.FailPoint;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who may use whom. Each rule says why it is there; a rule that looks at no class fails. */
@Tag("arch")
@Timeout(120)
class ModuleBordersTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(
                    "dev.cairn.failpoint",
                    "dev.cairn.raft",
                    "dev.cairn.peers",
                    "dev.cairn.wal",
                    "dev.cairn.bbolt",
                    "dev.cairn.mvcc",
                    "dev.cairn.lease",
                    "dev.cairn.watch",
                    "dev.cairn.auth",
                    "dev.cairn.http2",
                    "dev.cairn.v2",
                    "dev.cairn.server",
                    "dev.cairn.proxy");

    private static final DescribedPredicate<JavaClass> JSPECIFY = resideInAnyPackage("org.jspecify..");

    @Test
    void shouldSeeEveryModule() {
        for (String module : new String[] {
            "failpoint",
            "raft",
            "peers",
            "wal",
            "bbolt",
            "mvcc",
            "lease",
            "watch",
            "auth",
            "http2",
            "v2",
            "server",
            "proxy"
        }) {
            assertThat(CLASSES.stream().filter(type -> type.getPackageName().startsWith("dev.cairn." + module)))
                    .as(module)
                    .isNotEmpty();
        }
    }

    @Test
    void shouldKeepRaftDeterministic() {
        classes()
                .that()
                .resideInAPackage("dev.cairn.raft..")
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                                "dev.cairn.raft..",
                                "java.lang",
                                "java.lang.annotation",
                                "java.lang.invoke",
                                "java.util",
                                "java.util.function",
                                "java.util.stream")
                        .or(equivalentTo(ByteString.class))
                        .or(equivalentTo(ByteString.Output.class))
                        .or(resideInAnyPackage("java.lang.runtime"))
                        .or(JSPECIFY))
                .because("the same inputs must give the same outputs, in the simulator as in production")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("dev.cairn.raft..")
                .should()
                .dependOnClassesThat(equivalentTo(Thread.class)
                        .or(equivalentTo(Random.class))
                        .or(equivalentTo(java.util.UUID.class))
                        .or(equivalentTo(java.util.Timer.class))
                        .or(equivalentTo(java.util.Date.class)))
                .because("threads, chance and time are the caller's")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("dev.cairn.raft..")
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .because("time is the caller's")
                .check(CLASSES);
    }

    @Test
    void shouldKeepLmdbInOnePackage() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.cairn.mvcc.backend..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.lmdbjava..")
                .because("use after close kills the JVM, and the library is to be replaced one day")
                .check(CLASSES);
    }

    @Test
    void shouldKeepGrpcInTheServer() {
        noClasses()
                .that()
                .resideOutsideOfPackages(
                        "dev.cairn.http2..", "dev.cairn.server..", "dev.cairn.peers..", "dev.cairn.proxy..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.grpc..")
                .because("the transport can be replaced without touching a store")
                .check(CLASSES);
    }

    @Test
    void shouldKeepTheTracingLibraryInOnePackage() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.cairn.server.tracing")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.opentelemetry..")
                .because("nothing of it is loaded while tracing is off")
                .check(CLASSES);
    }

    @Test
    void shouldKeepTheProxiesAboveTheServer() {
        noClasses()
                .that()
                .resideInAPackage("dev.cairn.proxy..")
                .should()
                .dependOnClassesThat(resideInAnyPackage(
                        "dev.cairn.raft..",
                        "dev.cairn.wal..",
                        "dev.cairn.mvcc..",
                        "dev.cairn.lease..",
                        "dev.cairn.watch..",
                        "dev.cairn.auth..",
                        "dev.cairn.server.loop..",
                        "dev.cairn.server.apply.."))
                .because("a proxy holds nothing that has to last")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("dev.cairn.server..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.cairn.proxy..")
                .because("subcommands are found as services")
                .check(CLASSES);
    }

    @Test
    void shouldKeepThePeerProtocolApart() {
        classes()
                .that()
                .resideInAPackage("dev.cairn.peers..")
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                                "dev.cairn.peers..",
                                "dev.cairn.raft.message",
                                "dev.cairn.failpoint",
                                "io.grpc.netty.shaded.io.netty..",
                                "com.google.protobuf",
                                "org.slf4j..",
                                "java..")
                        .or(JSPECIFY)
                        .or(DescribedPredicate.describe(
                                "primitive arrays",
                                type -> type.isArray()
                                        && type.getBaseComponentType().isPrimitive()))
                        .or(DescribedPredicate.describe("primitives", JavaClass::isPrimitive)))
                .because("members of other makes are at its other end, and a simulated network may stand in its place")
                .check(CLASSES);
    }

    @Test
    void shouldKeepTheTransportApartFromTheServices() {
        noClasses()
                .that()
                .resideInAPackage("dev.cairn.http2..")
                .should()
                .dependOnClassesThat(
                        resideInAnyPackage("dev.cairn..").and(not(resideInAnyPackage("dev.cairn.http2.."))))
                .because("grpc-java's may stand in its place")
                .check(CLASSES);
    }

    @Test
    void shouldKeepTheOldKeyApiApartFromTheServer() {
        classes()
                .that()
                .resideInAPackage("dev.cairn.v2..")
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                                "dev.cairn.v2..",
                                "dev.cairn.proto.etcdserverpb",
                                "dev.cairn.proto.mvccpb",
                                "com.google.protobuf",
                                "java.lang..",
                                "java.nio.charset",
                                "java.time..",
                                "java.util..")
                        .or(JSPECIFY)
                        .or(DescribedPredicate.describe("arrays", JavaClass::isArray))
                        .or(DescribedPredicate.describe("primitives", JavaClass::isPrimitive)))
                .because("its store may be anything that speaks v3, a fake one in tests")
                .check(CLASSES);
    }

    @Test
    void shouldEndTheProcessInOnePlace() {
        noClasses()
                .that(not(resideInAnyPackage("dev.cairn.server")))
                .should()
                .callMethod(System.class, "exit", int.class)
                .orShould()
                .callMethod(Runtime.class, "exit", int.class)
                .orShould()
                .callMethod(Runtime.class, "halt", int.class)
                .because("a store that ends the process takes the log's last words with it")
                .check(CLASSES);
    }

    @Test
    void shouldKeepStoresApartFromConsensusAndServer() {
        noClasses()
                .that()
                .resideInAnyPackage("dev.cairn.mvcc..", "dev.cairn.lease..", "dev.cairn.watch..", "dev.cairn.auth..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.cairn.raft..", "dev.cairn.wal..", "dev.cairn.server..")
                .because("stores do not know Raft; the server's apply is where they meet")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("dev.cairn.mvcc..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.cairn.lease..", "dev.cairn.watch..", "dev.cairn.auth..")
                .because("the key store is below the others")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("dev.cairn.wal..")
                .should()
                .dependOnClassesThat(resideInAnyPackage("dev.cairn.raft..")
                        .and(not(resideInAnyPackage("dev.cairn.raft", "dev.cairn.raft.message"))))
                .because("outside the core only its face and its messages are known")
                .check(CLASSES);
    }

    @Test
    void shouldKeepTheFileFormatAlone() {
        classes()
                .that()
                .resideInAPackage("dev.cairn.bbolt..")
                .should()
                .onlyDependOnClassesThat(
                        resideInAnyPackage("dev.cairn.bbolt..", "java..").or(JSPECIFY))
                .because("who wants to read etcd's files needs nothing else of Cairn")
                .check(CLASSES);
    }

    @Test
    void shouldKeepFailPointsBelowEverything() {
        classes()
                .that()
                .resideInAPackage("dev.cairn.failpoint..")
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage("dev.cairn.failpoint..", "java..", "com.sun.net.httpserver")
                        .or(JSPECIFY)
                        .or(DescribedPredicate.describe(
                                "primitive arrays",
                                type -> type.isArray()
                                        && type.getBaseComponentType().isPrimitive()))
                        .or(DescribedPredicate.describe("primitives", JavaClass::isPrimitive)))
                .because("they stand in every module and must know none")
                .check(CLASSES);
    }

    @Test
    void shouldPlaceEveryFailPoint() {
        assertThat(CLASSES.stream()
                        .filter(type -> !type.getPackageName().equals(FailPoint.class.getPackageName()))
                        .flatMap(type -> type.getFieldAccessesFromSelf().stream())
                        .filter(access -> access.getTargetOwner().isEquivalentTo(FailPoint.class))
                        .map(access -> access.getTarget().getName()))
                .as("a place that nobody passes can be set, and nothing happens")
                .contains(Arrays.stream(FailPoint.values()).map(Enum::name).toArray(String[]::new));
    }

    @Test
    void shouldUseOnlyTheFaceOfRaft() {
        noClasses()
                .that()
                .resideInAPackage("dev.cairn.server..")
                .should()
                .dependOnClassesThat(resideInAnyPackage("dev.cairn.raft..")
                        .and(not(resideInAnyPackage("dev.cairn.raft", "dev.cairn.raft.message"))))
                .because("outside the core only its face and its messages are known")
                .check(CLASSES);
    }

    @Test
    void shouldHaveNoCyclesBetweenModules() {
        slices().matching("dev.cairn.(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void shouldHaveNoCyclesBetweenPackages() {
        slices().matching("dev.cairn.(**)").should().beFreeOfCycles().check(CLASSES);
    }
}
