package dev.cairn.it.tls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.process.Command;
import dev.cairn.it.process.Programs;
import dev.cairn.it.process.ServerProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Goal: nobody who connects over TLS can tell the servers apart. Method: the same tools with the same files at ours and the real one. */
@Tag("oracle")
@Timeout(900)
class ClientTlsDuelTest {
    private final Authority authority;

    @TempDir
    Path directory;

    ClientTlsDuelTest() throws GeneralSecurityException, IOException {
        authority = new Authority();
    }

    @BeforeEach
    void issue() throws GeneralSecurityException, IOException {
        authority.write(directory.resolve("ca"));
        Authority.write(
                authority.issue("EC", Authority.Use.SERVER, "server", "localhost", "127.0.0.1"),
                file("cert"),
                file("key"));
    }

    private Path file(String name) {
        return directory.resolve(name);
    }

    private String[] pair(String... more) {
        List<String> flags = new ArrayList<>(List.of("--cert-file=" + file("cert"), "--key-file=" + file("key")));
        flags.addAll(List.of(more));
        return flags.toArray(String[]::new);
    }

    @Test
    void shouldShowKeysOfEveryForm() throws Exception {
        for (String algorithm : List.of("RSA", "EC", "Ed25519")) {
            Authority.write(
                    authority.issue(algorithm, Authority.Use.SERVER, "server", "localhost", "127.0.0.1"),
                    file("cert"),
                    file("pkcs8"));
            for (String form : List.of("pkcs8", "old")) {
                if (form.equals("old")) {
                    if (algorithm.equals("Ed25519")) {
                        continue;
                    }
                    // openssl writes PKCS#1 and SEC1 when it is asked for the traditional form.
                    Command.run(
                                    List.of(
                                            "openssl",
                                            algorithm.equals("RSA") ? "rsa" : "ec",
                                            algorithm.equals("RSA") ? "-traditional" : "-no_public",
                                            "-in",
                                            file("pkcs8").toString(),
                                            "-out",
                                            file("key").toString()),
                                    TlsDuel.LIMIT)
                            .success();
                    assertThat(file("key")).content().contains("BEGIN " + algorithm + " PRIVATE KEY");
                } else {
                    Files.copy(file("pkcs8"), file("key"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
                }
                try (TlsDuel duel = TlsDuel.secure(directory, pair())) {
                    String what = algorithm + " " + form;
                    assertThat(duel.same(
                                    what + " openssl",
                                    server -> TlsDuel.handshake(
                                            server, "-CAfile", file("ca").toString())))
                            .contains("Verification: OK");
                    assertThat(duel.same(what + " curl", server -> curl(server)))
                            .isEqualTo("200");
                    assertThat(duel.same(
                                    what + " etcdctl",
                                    server -> TlsDuel.ctl(
                                            "--endpoints=" + server.target(),
                                            "--cacert=" + file("ca"),
                                            "put",
                                            "k",
                                            "v")))
                            .isEqualTo("0 OK\n");
                    duel.check();
                }
            }
        }
    }

    private String curl(ServerProcess server, String... more) {
        List<String> arguments = new ArrayList<>(List.of("--cacert", file("ca").toString()));
        arguments.addAll(List.of(more));
        arguments.add(TlsDuel.url(server) + "/version");
        return TlsDuel.status(arguments.toArray(String[]::new));
    }

    @Test
    void shouldSpeakTheSameVersionsAndSuites() throws Exception {
        Authority.write(
                authority.issue("RSA", Authority.Use.SERVER, "server", "localhost", "127.0.0.1"),
                file("cert"),
                file("key"));
        Map<String, String[]> limits = new LinkedHashMap<>();
        limits.put("default", pair());
        limits.put("1.2 only", pair("--tls-max-version=TLS1.2"));
        limits.put("1.3 only", pair("--tls-min-version=TLS1.3"));
        limits.put(
                "one suite", pair("--tls-max-version=TLS1.2", "--cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
        limits.put(
                "some suites and 1.3",
                pair(
                        "--cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,"
                                + "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"));
        for (Map.Entry<String, String[]> limit : limits.entrySet()) {
            try (TlsDuel duel = TlsDuel.secure(directory, limit.getValue())) {
                for (String version : List.of("-tls1_1", "-tls1_2", "-tls1_3")) {
                    duel.same(
                            limit.getKey() + " " + version,
                            server -> TlsDuel.handshake(server, version, "-cipher", "ALL:@SECLEVEL=0"));
                }
                for (String suite : List.of(
                        "ECDHE-RSA-AES128-GCM-SHA256",
                        "ECDHE-RSA-AES256-GCM-SHA384",
                        "ECDHE-RSA-CHACHA20-POLY1305",
                        "ECDHE-RSA-AES128-SHA256",
                        "ECDHE-RSA-AES256-SHA",
                        "ECDHE-ECDSA-AES128-GCM-SHA256")) {
                    duel.same(
                            limit.getKey() + " " + suite,
                            server -> TlsDuel.handshake(server, "-tls1_2", "-cipher", suite + ":@SECLEVEL=0"));
                }
                assertThat(limit.getKey() + ": " + duel.same("any", server -> curl(server)))
                        .endsWith("200");
                duel.check();
            }
        }
    }

    @Test
    void shouldAgreeOnTheProtocolBehindTls() {
        try (TlsDuel duel = TlsDuel.secure(directory, pair())) {
            assertThat(duel.same("h2", server -> TlsDuel.protocol(server, "-alpn", "h2")))
                    .contains("ALPN protocol: h2");
            for (String offered : List.of("http/1.1", "h2,spdy/3", "spdy/3", "spdy/3,http/1.1")) {
                // etcd speaks HTTP/1.1 to who offers it, but leaves that unsaid.
                duel.same(
                        offered,
                        server -> TlsDuel.protocol(server, "-alpn", offered)
                                .replace("ALPN protocol: http/1.1", "No ALPN negotiated"));
            }
            duel.same("none", server -> TlsDuel.protocol(server));
            // Who offers both gets HTTP/1.1 here, which serves all the pages; see docs/differences.md.
            assertThat(TlsDuel.protocol(duel.ours, "-alpn", "h2,http/1.1")).contains("ALPN protocol: http/1.1");
            // Nobody speaks HTTP/1.0 by that name, so the handshake fails.
            for (String how : List.of("--no-alpn", "--http1.1", "--http1.0", "--tlsv1.2")) {
                assertThat(duel.same("curl " + how, server -> curl(server, how)))
                        .as(how)
                        .isEqualTo(how.equals("--http1.0") ? "000" : "200");
            }
            for (String page :
                    List.of("/version", "/health", "/metrics", "/v3/kv/range", "/nowhere", "/livez", "/readyz")) {
                duel.same(
                        page,
                        server -> TlsDuel.status("--cacert", file("ca").toString(), TlsDuel.url(server) + page)
                                + TlsDuel.status(
                                        "--cacert",
                                        file("ca").toString(),
                                        "-d",
                                        "{\"key\":\"YQ==\"}",
                                        TlsDuel.url(server) + page));
            }
            duel.same(
                    "no TLS at a port that wants it",
                    server -> TlsDuel.status("http://" + server.target() + "/version")
                            .replaceFirst("^[^2]..", "refused"));
            duel.check();
        }
    }

    @Test
    void shouldTakeTheSameClients() throws Exception {
        Map<String, Authority.Issued> clients = new LinkedHashMap<>();
        clients.put("good", authority.issue("EC", Authority.Use.CLIENT, "alice", "a.test"));
        clients.put("good RSA", authority.issue("RSA", Authority.Use.CLIENT, "alice", "a.test"));
        clients.put("good Ed25519", authority.issue("Ed25519", Authority.Use.CLIENT, "alice", "a.test"));
        clients.put("any use", authority.issue("bob", "b.test", "127.0.0.1"));
        clients.put("wildcard", authority.issue("EC", Authority.Use.CLIENT, "w", "*.test"));
        clients.put("no names", authority.issue("EC", Authority.Use.CLIENT, "n"));
        clients.put("revoked", authority.issue("EC", Authority.Use.CLIENT, "alice", "a.test"));
        clients.put("for servers", authority.issue("EC", Authority.Use.SERVER, "alice", "a.test"));
        clients.put("expired", authority.expired(Authority.Use.CLIENT, "alice", "a.test"));
        clients.put("of others", new Authority("others").issue("EC", Authority.Use.CLIENT, "alice", "a.test"));
        clients.put("of others with the same name", new Authority().issue("alice", "a.test"));
        for (String name : clients.keySet()) {
            Authority.write(Objects.requireNonNull(clients.get(name)), file(name + ".crt"), file(name + ".key"));
        }
        authority.writeRevocations(file("crl"), Objects.requireNonNull(clients.get("revoked")));
        Map<String, String[]> rules = new LinkedHashMap<>();
        rules.put("authority alone", pair("--trusted-ca-file=" + file("ca")));
        rules.put("auth and authority", pair("--client-cert-auth", "--trusted-ca-file=" + file("ca")));
        rules.put("runtime's authorities", pair("--client-cert-auth"));
        rules.put("list", pair("--trusted-ca-file=" + file("ca"), "--client-crl-file=" + file("crl")));
        rules.put("list, no authority", pair("--client-crl-file=" + file("crl")));
        rules.put("host", pair("--trusted-ca-file=" + file("ca"), "--client-cert-allowed-hostname=a.test"));
        rules.put("hosts", pair("--trusted-ca-file=" + file("ca"), "--client-cert-allowed-hostname=x.test,127.0.0.1"));
        rules.put("host, no authority", pair("--client-cert-allowed-hostname=a.test"));
        int refused = 0;
        for (Map.Entry<String, String[]> rule : rules.entrySet()) {
            try (TlsDuel duel = TlsDuel.secure(directory, rule.getValue())) {
                String none = duel.same(rule.getKey() + ": no certificate", server -> curl(server));
                refused += none.equals("200") ? 0 : 1;
                for (String client : clients.keySet()) {
                    String status = duel.same(
                            rule.getKey() + ": " + client,
                            server -> curl(
                                    server,
                                    "--cert",
                                    file(client + ".crt").toString(),
                                    "--key",
                                    file(client + ".key").toString()));
                    refused += status.equals("200") ? 0 : 1;
                }
                for (String client : List.of("good", "revoked")) {
                    duel.same(
                            rule.getKey() + ": etcdctl " + client,
                            server -> TlsDuel.ctl(
                                    "--endpoints=" + server.target(),
                                    "--cacert=" + file("ca"),
                                    "--cert=" + file(client + ".crt"),
                                    "--key=" + file(client + ".key"),
                                    "--command-timeout=3s",
                                    "put",
                                    "k",
                                    "v"));
                }
                duel.check();
            }
        }
        assertThat(refused).as("refusals, or the test shows nothing").isGreaterThan(rules.size() * 3);
    }

    @Test
    void shouldMakeItsOwnCertificate() {
        try (TlsDuel duel = TlsDuel.secure(directory, "--auto-tls")) {
            assertThat(duel.same("openssl", server -> TlsDuel.handshake(server)))
                    .contains("O = etcd");
            assertThat(duel.same("curl", server -> TlsDuel.status("-k", TlsDuel.url(server) + "/version")))
                    .isEqualTo("200");
            duel.same(
                    "etcdctl",
                    server -> TlsDuel.ctl(
                            "--endpoints=" + server.target(), "--insecure-skip-tls-verify", "put", "k", "v"));
            String described = duel.same(
                    "properties",
                    server -> Command.run(
                                    List.of(
                                            "openssl",
                                            "x509",
                                            "-noout",
                                            "-in",
                                            server.dataDirectory()
                                                    .resolve("fixtures/client/cert.pem")
                                                    .toString(),
                                            "-subject",
                                            "-issuer",
                                            "-ext",
                                            "keyUsage,extendedKeyUsage,basicConstraints,subjectAltName"),
                                    TlsDuel.LIMIT)
                            .success());
            assertThat(described).contains("IP Address:127.0.0.1");
            // Each goes on with what the other has made.
            duel.check();
        }
    }

    @Test
    void shouldNameMistakesAndEndAsEtcd() throws Exception {
        Authority.write(
                authority.issue("RSA", Authority.Use.SERVER, "other", "localhost"), file("rsa.crt"), file("rsa.key"));
        Authority.write(
                authority.expired(Authority.Use.SERVER, "late", "localhost"), file("late.crt"), file("late.key"));
        Command.run(
                        List.of(
                                "openssl",
                                "pkcs8",
                                "-topk8",
                                "-passout",
                                "pass:x",
                                "-in",
                                file("key").toString(),
                                "-out",
                                file("encrypted.key").toString()),
                        TlsDuel.LIMIT)
                .success();
        Files.writeString(file("empty"), "");
        Files.writeString(file("text"), "not a certificate\n");
        Files.writeString(
                file("torn.crt"), Files.readString(file("cert")).substring(0, 200) + "\n", StandardCharsets.US_ASCII);
        Files.writeString(
                file("garbled.crt"),
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                StandardCharsets.US_ASCII);
        Command.run(
                        List.of(
                                "openssl",
                                "x509",
                                "-outform",
                                "DER",
                                "-in",
                                file("cert").toString(),
                                "-out",
                                file("der.crt").toString()),
                        TlsDuel.LIMIT)
                .success();
        List<Mistake> mistakes = List.of(
                new Mistake("cert", "missing.crt", "no such file", "--cert-file=@missing.crt", "--key-file=@key"),
                new Mistake("key", "missing.key", "no such file", "--cert-file=@cert", "--key-file=@missing.key"),
                new Mistake("directory", "", "cannot be read", "--cert-file=@", "--key-file=@key"),
                new Mistake("wrong key", "rsa.key", "does not belong", "--cert-file=@cert", "--key-file=@rsa.key"),
                new Mistake("key for cert", "key", "holds no certificate", "--cert-file=@key", "--key-file=@key"),
                new Mistake("cert for key", "cert", "holds no private key", "--cert-file=@cert", "--key-file=@cert"),
                new Mistake("DER", "der.crt", "PEM", "--cert-file=@der.crt", "--key-file=@key"),
                new Mistake("torn", "torn.crt", "PEM", "--cert-file=@torn.crt", "--key-file=@key"),
                new Mistake("garbled", "garbled.crt", "malformed", "--cert-file=@garbled.crt", "--key-file=@key"),
                new Mistake("empty cert", "empty", "holds no certificate", "--cert-file=@empty", "--key-file=@key"),
                new Mistake(
                        "encrypted", "encrypted.key", "encrypted", "--cert-file=@cert", "--key-file=@encrypted.key"),
                new Mistake(
                        "no CA",
                        "missing.ca",
                        "no such file",
                        "--cert-file=@cert",
                        "--key-file=@key",
                        "--trusted-ca-file=@missing.ca"),
                new Mistake(
                        "garbled CA",
                        "garbled.crt",
                        "malformed",
                        "--cert-file=@cert",
                        "--key-file=@key",
                        "--trusted-ca-file=@garbled.crt"),
                new Mistake("half a pair", "", "KeyFile and CertFile must both be present", "--cert-file=@cert"),
                new Mistake(
                        "suite",
                        "",
                        "unexpected TLS cipher suite",
                        "--cert-file=@cert",
                        "--key-file=@key",
                        "--cipher-suites=X"),
                new Mistake(
                        "version",
                        "",
                        "min version",
                        "--cert-file=@cert",
                        "--key-file=@key",
                        "--tls-min-version=TLS1.3",
                        "--tls-max-version=TLS1.2"),
                new Mistake(
                        "suites with 1.3",
                        "",
                        "",
                        "--cert-file=@cert",
                        "--key-file=@key",
                        "--tls-min-version=TLS1.3",
                        "--cipher-suites=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
                new Mistake("nothing", "", "must be provided"),
                new Mistake(
                        "peer pair",
                        "rsa.key",
                        "does not belong",
                        "--cert-file=@cert",
                        "--key-file=@key",
                        "--listen-peer-urls=PEER",
                        "--initial-advertise-peer-urls=PEER",
                        "--initial-cluster=default=PEER",
                        "--peer-cert-file=@cert",
                        "--peer-key-file=@rsa.key"),
                new Mistake(
                        "peer names",
                        "",
                        "mutually exclusive",
                        "--cert-file=@cert",
                        "--key-file=@key",
                        "--peer-cert-file=@cert",
                        "--peer-key-file=@key",
                        "--peer-cert-allowed-cn=a",
                        "--peer-cert-allowed-hostname=b"));
        List<String> wrong = new ArrayList<>();
        for (Mistake mistake : mistakes) {
            @org.jspecify.annotations.Nullable
            Integer byEtcd = mistake.exit(Programs.real("etcd"), directory, wrong, false);
            @org.jspecify.annotations.Nullable Integer byUs = mistake.exit(Programs.ours(), directory, wrong, true);
            if (!Objects.equals(byEtcd, byUs)) {
                wrong.add(mistake.what() + ": ours ends with " + byUs + ", etcd with " + byEtcd);
            }
        }
        assertThat(wrong).isEmpty();
        // Not mistakes to etcd: an expired certificate is shown, and authorities that are none trust nobody.
        try (TlsDuel duel =
                TlsDuel.secure(directory, "--cert-file=" + file("late.crt"), "--key-file=" + file("late.key"))) {
            assertThat(duel.same(
                            "expired",
                            server -> TlsDuel.handshake(
                                    server, "-CAfile", file("ca").toString())))
                    .contains("expired");
            duel.check();
        }
    }

    /**
     * Flags that no server starts with.
     *
     * @param file that our message has to name
     * @param reason that our message has to give
     */
    private record Mistake(String what, String file, String reason, List<String> flags) {
        Mistake(String what, String file, String reason, String... flags) {
            this(what, file, reason, List.of(flags));
        }

        @org.jspecify.annotations.Nullable
        Integer exit(Path program, Path directory, List<String> wrong, boolean checked) {
            try (ServerProcess server = ServerProcess.prepare(program, directory.resolve("m" + System.nanoTime()))
                    .reserve()) {
                List<String> filled = TlsDuel.secured(server);
                flags.forEach(flag -> filled.add(flag.replace("@", directory + "/")
                        .replace("PEER", server.peerUrl().replace("http:", "https:"))));
                String failure = server.withFlags(filled.toArray(String[]::new)).tryStart(Duration.ofSeconds(60));
                // etcd says that it is ready before it looks at some of the files.
                Integer exit = server.awaitEnd(Duration.ofSeconds(failure == null ? 5 : 10));
                String log = server.log();
                boolean named =
                        file.isEmpty() || log.contains(directory.resolve(file).toString());
                if (checked && (!named || !log.contains(reason))) {
                    wrong.add(what + ": our message does not say so\n" + server.logTail());
                }
                return exit;
            }
        }
    }
}
