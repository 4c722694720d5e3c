package dev.cairn.it.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every call of the gateway, right and wrong, with and without users. */
@Tag("oracle")
@Timeout(300)
class GatewayCallsTest {
    private static final String GRPC_TYPE = "grpc-metadata-content-type";

    @TempDir
    Path directory;

    private static String b(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void shouldAnswerEveryCallAsEtcdDoes() {
        try (HttpDuel duel = new HttpDuel(directory)) {
            keys(duel);
            leases(duel);
            locksAndElections(duel);
            maintenance(duel);
            members(duel);
            users(duel);
            duel.check();
            assertThat(duel.paths()).containsAll(ALL_PATHS);
        }
    }

    private static void keys(HttpDuel duel) {
        HttpDuel.Seen first = duel.call("/v3/kv/put", "{\"key\":\"" + b("foo") + "\",\"value\":\"" + b("bar") + "\"}");
        assertThat(first.status()).isEqualTo(200);
        assertThat(first.headers()).containsEntry(GRPC_TYPE, "application/grpc");
        duel.call("/v3/kv/put", "{\"key\":\"" + b("foo") + "\",\"value\":\"/-_+\",\"prevKv\":true}");
        duel.call("/v3/kv/put", "{\"key\":\"" + b("foo") + "\",\"value\":\"_-8\",\"prev_kv\":true}");
        duel.call("/v3/kv/put", "{\"key\":\"" + b("foo1") + "\",\"value\":\"AA==\",\"lease\":\"99\"}");
        duel.call("/v3/kv/put", "{\"key\":\"" + b("foo1") + "\",\"ignore_value\":true}");
        duel.call("/v3/kv/put", "{\"key\":\"" + b("foo2") + "\",\"value\":\"/w==\"}");
        duel.call("/v3/kv/range", "{\"key\":\"" + b("foo") + "\"}");
        duel.call("/v3/kv/range", "{\"key\":\"" + b("foo") + "\",\"range_end\":\"" + b("fop") + "\",\"limit\":\"1\"}");
        duel.call("/v3/kv/range", "{\"key\":\"" + b("foo") + "\",\"rangeEnd\":\"" + b("fop") + "\",\"limit\":1.0e0}");
        duel.call(
                "/v3/kv/range",
                "{\"key\":\"" + b("foo") + "\",\"range_end\":\"AA==\",\"sort_order\":\"DESCEND\",\"sort_target\":3,"
                        + "\"keys_only\":true}");
        duel.call("/v3/kv/range", "{\"key\":\"" + b("foo") + "\",\"count_only\":true,\"serializable\":true}");
        duel.call("/v3/kv/range", "{\"key\":\"" + b("foo") + "\",\"revision\":\"999\"}");
        duel.call("/v3/kv/range", "{\"key\":\"" + b("foo") + "\",\"revision\":-1}");
        duel.call(
                "/v3/kv/txn",
                "{\"compare\":[{\"key\":\"" + b("foo")
                        + "\",\"target\":\"VERSION\",\"result\":\"GREATER\",\"version\":1}],"
                        + "\"success\":[{\"request_put\":{\"key\":\"" + b("t") + "\",\"value\":\"AQ==\"}},"
                        + "{\"requestRange\":{\"key\":\"" + b("foo") + "\"}},"
                        + "{\"request_txn\":{\"failure\":[{\"request_delete_range\":{\"key\":\"" + b("t")
                        + "\"}}]}}]}");
        duel.call("/v3/kv/txn", "{}");
        duel.call("/v3/kv/txn", "{\"success\":[{}]}");
        duel.call("/v3/kv/txn", "{\"compare\":[{\"target\":77,\"result\":\"NOT_EQUAL\",\"key\":\"AA==\"}]}");
        duel.call("/v3/kv/deleterange", "{\"key\":\"" + b("foo2") + "\",\"prev_kv\":true}");
        duel.call("/v3/kv/deleterange", "{}");
        duel.call("/v3/kv/compaction", "{\"revision\":3,\"physical\":true}");
        duel.call("/v3/kv/compaction", "{\"revision\":3}");
        duel.call("/v3/kv/compaction", "{\"revision\":300}");
        duel.call("/v3/kv/range", "{\"key\":\"" + b("foo") + "\",\"revision\":2}");
    }

    private static void leases(HttpDuel duel) {
        duel.call("/v3/lease/grant", "{\"ID\":\"77\",\"TTL\":300}");
        duel.call("/v3/lease/grant", "{\"ID\":77,\"TTL\":300}");
        duel.call("/v3/lease/grant", "{\"TTL\":90000000000}");
        duel.call("/v3/kv/put", "{\"key\":\"" + b("leased") + "\",\"lease\":77}");
        duel.call("/v3/lease/leases", "");
        duel.call("/v3/kv/lease/leases", "{}");
        duel.call("/v3/lease/timetolive", "{\"ID\":77,\"keys\":true}");
        duel.call("/v3/kv/lease/timetolive", "{\"ID\":78}");
        duel.call("/v3/lease/keepalive", "{\"ID\":77}");
        duel.call("/v3/lease/keepalive", "{\"ID\":\"78\"}");
        duel.call("/v3/lease/keepalive", "");
        duel.call("/v3/lease/keepalive", "{\"ID\":78}{\"ID\":[}");
        duel.call("/v3/lease/revoke", "{\"ID\":77}");
        duel.call("/v3/lease/revoke", "{\"ID\":77}");
        duel.call("/v3/kv/lease/revoke", "{\"ID\":77}");
        duel.call("/v3/lease/grant", "{\"ID\":79,\"TTL\":300}");
        duel.call("/v3/kv/lease/revoke", "{\"ID\":79}");
    }

    private static void locksAndElections(HttpDuel duel) {
        duel.call("/v3/lease/grant", "{\"ID\":100,\"TTL\":300}");
        duel.call("/v3/lock/lock", "{\"name\":\"" + b("lock") + "\",\"lease\":100}");
        duel.capture("lock", "/v3/lock/lock", "{\"name\":\"" + b("lock") + "\",\"lease\":100}", "key");
        duel.call("/v3/lock/unlock", "{\"key\":\"${lock}\"}");
        duel.call("/v3/election/leader", "{\"name\":\"" + b("e") + "\"}");
        duel.call("/v3/election/campaign", "{\"name\":\"" + b("e") + "\",\"lease\":100,\"value\":\"AQ==\"}");
        duel.capture("rev", "/v3/election/leader", "{\"name\":\"" + b("e") + "\"}", "kv.create_revision");
        String leader = "{\"name\":\"" + b("e") + "\",\"key\":\"" + b("e/64") + "\",\"rev\":\"${rev}\",\"lease\":100}";
        duel.call("/v3/election/proclaim", "{\"leader\":" + leader + ",\"value\":\"Ag==\"}");
        duel.call("/v3/election/proclaim", "{\"value\":\"Ag==\"}");
        duel.call("/v3/election/leader", "{\"name\":\"" + b("e") + "\"}");
        duel.call("/v3/election/resign", "{\"leader\":" + leader + "}");
        duel.call("/v3/election/resign", "");
        duel.call("/v3/election/observe", "no");
    }

    private static void maintenance(HttpDuel duel) {
        duel.call("/v3/maintenance/status", "");
        duel.call("/v3/maintenance/alarm", "{}");
        duel.call("/v3/maintenance/alarm", "{\"action\":\"ACTIVATE\",\"alarm\":\"NOSPACE\",\"memberID\":5}");
        duel.call("/v3/maintenance/alarm", "{\"action\":0}");
        duel.call("/v3/kv/put", "{\"key\":\"" + b("x") + "\",\"value\":\"AA==\"}");
        duel.call("/v3/maintenance/alarm", "{\"action\":\"DEACTIVATE\",\"alarm\":1,\"memberID\":\"5\"}");
        duel.call("/v3/maintenance/hashkv", "{\"revision\":0}");
        duel.call("/v3/maintenance/hashkv", "{\"revision\":\"1000\"}");
        duel.capture("hash", "/v3/maintenance/hash", "", "hash");
        duel.call("/v3/maintenance/defragment", "");
        duel.call("/v3/maintenance/transfer-leadership", "{\"targetID\":5}");
        duel.call("/v3/maintenance/downgrade", "{\"action\":\"VALIDATE\",\"version\":\"3.6\"}");
        duel.call("/v3/maintenance/downgrade", "{\"action\":\"VALIDATE\",\"version\":\"abc\"}");
        duel.call("/v3/maintenance/snapshot", "]");
    }

    private static void members(HttpDuel duel) {
        duel.call("/v3/cluster/member/list", "{\"linearizable\":true}");
        duel.capture(
                "member",
                "/v3/cluster/member/add",
                "{\"peerURLs\":[\"http://127.0.0.1:9\"],\"isLearner\":true}",
                "member.ID");
        duel.call("/v3/cluster/member/add", "{\"peerURLs\":[\"http://127.0.0.1:9\"],\"isLearner\":true}");
        duel.call("/v3/cluster/member/add", "{\"peerURLs\":[\"x\"]}");
        duel.call("/v3/cluster/member/list", "");
        duel.call("/v3/cluster/member/update", "{\"ID\":\"${member}\",\"peerURLs\":[\"http://127.0.0.1:8\"]}");
        duel.call("/v3/cluster/member/promote", "{\"ID\":\"${member}\"}");
        duel.call("/v3/cluster/member/promote", "{\"ID\":5}");
        duel.call("/v3/cluster/member/remove", "{\"ID\":${member}}");
        duel.call("/v3/cluster/member/remove", "{\"ID\":\"18446744073709551615\"}");
        duel.call("/v3/cluster/member/remove", "{\"ID\":\"18446744073709551616\"}");
        duel.call("/v3/cluster/member/remove", "{\"ID\":-1}");
        duel.call("/v3/cluster/member/remove", "");
        duel.call("/v3/cluster/member/update", "{\"peerURLs\":[\"http://127.0.0.1:8\"]}");
        duel.call("/v3/cluster/member/promote", "");
    }

    private static void users(HttpDuel duel) {
        duel.call("/v3/auth/status", "{}");
        duel.call("/v3/auth/enable", "{}");
        duel.call("/v3/auth/disable", "{}");
        duel.call("/v3/auth/authenticate", "{\"name\":\"root\",\"password\":\"x\"}");
        duel.call("/v3/auth/user/add", "{\"name\":\"root\",\"password\":\"r\"}");
        duel.call("/v3/auth/user/add", "{\"name\":\"\",\"password\":\"r\"}");
        duel.call("/v3/auth/user/add", "{\"name\":\"\\u00e4\\ud83d\\ude00<\\\"\",\"password\":\"p\"}");
        duel.call("/v3/auth/user/add", "{\"name\":\"nopass\",\"options\":{\"no_password\":true}}");
        duel.call("/v3/auth/user/add", "{\"name\":\"alice\",\"password\":\"a\"}");
        duel.call("/v3/auth/role/add", "{\"name\":\"root\"}");
        duel.call("/v3/auth/role/add", "{\"name\":\"reader\"}");
        duel.call("/v3/auth/role/add", "{\"name\":\"reader\"}");
        duel.call(
                "/v3/auth/role/grant",
                "{\"name\":\"reader\",\"perm\":{\"permType\":\"READ\",\"key\":\"" + b("a") + "\",\"range_end\":\""
                        + b("b") + "\"}}");
        duel.call("/v3/auth/role/grant", "{\"name\":\"reader\"}");
        duel.call("/v3/auth/role/grant", "{\"name\":\"reader\",\"perm\":{\"permType\":2,\"key\":\"" + b("c") + "\"}}");
        duel.call("/v3/auth/role/revoke", "{\"role\":\"reader\",\"key\":\"" + b("c") + "\"}");
        duel.call("/v3/auth/role/revoke", "{\"role\":\"reader\",\"key\":\"" + b("c") + "\"}");
        duel.call("/v3/auth/role/get", "{\"role\":\"reader\"}");
        duel.call("/v3/auth/role/get", "{\"role\":\"none\"}");
        duel.call("/v3/auth/role/list", "");
        duel.call("/v3/auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
        duel.call("/v3/auth/user/grant", "{\"user\":\"alice\",\"role\":\"reader\"}");
        duel.call("/v3/auth/user/get", "{\"name\":\"alice\"}");
        duel.call("/v3/auth/user/list", "");
        duel.call("/v3/auth/user/changepw", "{\"name\":\"alice\",\"password\":\"b\"}");
        duel.call("/v3/auth/enable", "");
        withUsers(duel);
        duel.call("/v3/auth/user/delete", "{\"name\":\"alice\"}", "Authorization", "${root}");
        duel.call("/v3/auth/role/delete", "{\"role\":\"reader\"}", "Authorization", "Bearer ${root}");
        duel.call("/v3/auth/disable", "{}", "Authorization", "${root}");
        duel.call("/v3/auth/status", "");
    }

    private static void withUsers(HttpDuel duel) {
        duel.call("/v3/auth/authenticate", "{\"name\":\"alice\",\"password\":\"wrong\"}");
        duel.capture("root", "/v3/auth/authenticate", "{\"name\":\"root\",\"password\":\"r\"}", "token");
        duel.capture("alice", "/v3/auth/authenticate", "{\"name\":\"alice\",\"password\":\"b\"}", "token");
        String read = "{\"key\":\"" + b("a1") + "\"}";
        duel.call("/v3/kv/range", read);
        duel.call("/v3/kv/range", read, "Authorization", "nonsense");
        duel.call("/v3/kv/range", read, "Authorization", "Bearer nonsense.1");
        duel.call("/v3/kv/range", read, "Authorization", "${alice}");
        duel.call("/v3/kv/range", read, "Authorization", "Bearer ${alice}");
        duel.call("/v3/kv/range", read, "Grpc-Metadata-Token", "${alice}");
        duel.call("/v3/kv/range", "{\"key\":\"" + b("x") + "\"}", "Authorization", "${alice}");
        duel.call("/v3/kv/put", read, "Authorization", "${alice}");
        duel.call("/v3/kv/put", read, "Authorization", "${root}");
        duel.call("/v3/kv/range", read, "Authorization", "${alice}");
        duel.call("/v3/auth/user/revoke", "{\"name\":\"alice\",\"role\":\"reader\"}", "Authorization", "${alice}");
        duel.call("/v3/auth/user/revoke", "{\"name\":\"alice\",\"role\":\"reader\"}", "Authorization", "${root}");
        duel.call("/v3/auth/user/revoke", "{\"name\":\"alice\",\"role\":\"reader\"}", "Authorization", "${root}");
        duel.call("/v3/kv/range", read, "Authorization", "${alice}");
        duel.call("/v3/lease/leases", "");
        duel.call("/v3/lease/keepalive", "{\"ID\":5}");
        duel.call("/v3/lease/keepalive", "{\"ID\":5}", "Authorization", "nonsense");
        duel.call("/v3/maintenance/snapshot", "", "Authorization", "${alice}");
        duel.call("/v3/maintenance/status", "", "Authorization", "${alice}");
        duel.call("/v3/cluster/member/list", "", "Authorization", "nonsense");
    }

    @Test
    void shouldFindTheSameMistakes() {
        try (HttpDuel duel = new HttpDuel(directory)) {
            for (String body : BAD_BODIES) {
                duel.call("/v3/kv/range", body);
            }
            for (String body : BAD_TXNS) {
                duel.call("/v3/kv/txn", body);
            }
            duel.call("/v3/kv/txn", "{\"x\":" + "[".repeat(10_001) + "]".repeat(10_001) + "}");
            // More than the largest request, and more than the largest message.
            duel.call("/v3/kv/put", "{\"key\":\"YQ==\",\"value\":\"" + "QUFB".repeat(600_000) + "\"}");
            duel.call("/v3/kv/put", "{\"key\":\"YQ==\",\"value\":\"" + "QUFB".repeat(800_000) + "\"}");
            for (String path : new String[] {
                "/v3",
                "/v3/",
                "/v3/kv",
                "/v3/kv/range/",
                "/v3/nope",
                "/v3/kv/range:x",
                "/v3beta",
                "/v3beta/nope",
                "/v3alpha/kv/range",
                "/config",
                "/",
                "//v3/kv/range",
                "/v3/kv/./range",
                "/v3/kv/../kv/range",
                "/v3/health",
                "/v3/kv/rangestream"
            }) {
                for (String method : new String[] {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}) {
                    duel.request(method, path, method.equals("POST") || method.equals("PUT") ? "{}" : "");
                }
            }
            for (String method : new String[] {"GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "post"}) {
                duel.request(method, "/v3/kv/range", "");
            }
            duel.call("/v3/kv/%72ange", "{}");
            duel.call("/v3/kv%2Frange", "{}");
            duel.call("/v3beta/kv/range", "{\"key\":\"YQ==\"}");
            String read = "{\"key\":\"YQ==\"}";
            for (String timeout :
                    new String[] {"1n", "-1S", "0S", "10S", "1x", "S", "x", "1.5S", "99999999999999999999S", "+10S"}) {
                duel.call("/v3/kv/range", read, "Grpc-Timeout", timeout);
            }
            duel.call("/v3/kv/range", read, "Grpc-Metadata-Foo-Bin", "!!!");
            duel.call("/v3/kv/range", read, "Grpc-Metadata-Foo-Bin", "YWI=");
            duel.call("/v3/kv/range", read, "Grpc-Metadata-Foo-Bin", "YWI");
            duel.call("/v3/kv/range", read, "Grpc-Metadata-hasleader", "true");
            duel.call("/v3/kv/range", read, "Accept", "text/html", "Content-Type", "text/plain");
            String form = "application/x-www-form-urlencoded";
            for (String override : new String[] {"GET", "post", ""}) {
                duel.call("/v3/kv/range", read, "Content-Type", form, "X-HTTP-Method-Override", override);
                duel.call("/v3/kv/range", read, "Content-Type", "text/plain", "X-HTTP-Method-Override", override);
            }
            duel.check();
        }
    }

    private static final String[] BAD_BODIES = {
        "",
        "   ",
        "{}",
        "[",
        "[]",
        "{",
        "}",
        "x",
        "null",
        "true",
        "\"a\"",
        "-",
        "01",
        "-x",
        "1.e",
        "1e",
        "1e+",
        "nul",
        "tru]",
        "fals!",
        "{\"key\":\"Zm9v\"",
        "{\"key\"}",
        "{\"key\" 1}",
        "{\"key\":tru}",
        "{\"key\":\"Zm9v\"}garbage",
        "{\"key\":12}",
        "{\"key\":1.50}",
        "{\"key\":{}}",
        "{\"key\":[1]}",
        "{\"key\":true}",
        "{\"key\":\"a!\"}",
        "{\"key\":\"a\"}",
        "{\"key\":\"YQ=\"}",
        "{\"key\":\"YQ\"}",
        "{\"key\":\"YQ===\"}",
        "{\"key\":\"Y\\nQ==\"}",
        "{\"key\":\"YW\\nJj\"}",
        "{\"key\":\"-_+/\"}",
        "{\"key\":\"-_8\"}",
        "{\"key\":\"\"}",
        "{\"key\":\"Zm9v\",\"key\":\"Zm9v\"}",
        "{\"rangeEnd\":\"Zm9v\",\"range_end\":\"Zm9v\"}",
        "{\"key\":null,\"key\":\"Zm9v\"}",
        "{\"key\":\"Zm9v\",\"limit\":\"x\"}",
        "{\"key\":\"Zm9v\",\"limit\":\"\"}",
        "{\"key\":\"Zm9v\",\"limit\":1.5}",
        "{\"key\":\"Zm9v\",\"limit\":1e0}",
        "{\"key\":\"Zm9v\",\"limit\":1e400000000000}",
        "{\"key\":\"Zm9v\",\"limit\":1e999}",
        "{\"key\":\"Zm9v\",\"limit\":10e-1}",
        "{\"key\":\"Zm9v\",\"limit\":\" 1\"}",
        "{\"key\":\"Zm9v\",\"limit\":\"1 2\"}",
        "{\"key\":\"Zm9v\",\"limit\":\"1x\"}",
        "{\"key\":\"Zm9v\",\"limit\":\"01\"}",
        "{\"key\":\"Zm9v\",\"limit\":9223372036854775808}",
        "{\"key\":\"Zm9v\",\"limit\":-9223372036854775808}",
        "{\"key\":\"Zm9v\",\"limit\":-0}",
        "{\"key\":\"Zm9v\",\"limit\":0.0e99}",
        "{\"key\":\"Zm9v\",\"limit\":true}",
        "{\"key\":\"Zm9v\",\"limit\":[]}",
        "{\"key\":\"Zm9v\",\"sort_order\":\"NOPE\"}",
        "{\"key\":\"Zm9v\",\"sort_order\":7}",
        "{\"key\":\"Zm9v\",\"sort_order\":\"1\"}",
        "{\"key\":\"Zm9v\",\"sort_order\":1.5}",
        "{\"key\":\"Zm9v\",\"sort_order\":5000000000}",
        "{\"key\":\"Zm9v\",\"sort_order\":{}}",
        "{\"key\":\"Zm9v\",\"serializable\":\"true\"}",
        "{\"key\":\"Zm9v\",\"serializable\":1}",
        "{\"key\":\"Zm9v\",\"serializable\":null}",
        "{\"key\":\"\\ud800\"}",
        "{\"key\":\"\\ud800\",\"x\":1}",
        "{\"key\":\"\\ud800\\u0041\"}",
        "{\"key\":\"\\udc00\\ud800\"}",
        "{\"x\":\"\\ud83d\\ude00\"}",
        "{\"x\":\"\\ud800abcdefg\"}",
        "{\"key\":\"\uE0FF\"}",
        "{\"x\":\"\uE0C3\uE028\"}",
        "{\"x\":\"\uE0ED\uE0A0\uE080\"}",
        "{\"x\":\"\uE0F4\uE090\uE080\uE080\"}",
        "\uE0FF",
        "\uE0AD",
        "\uE07F",
        "\uE000",
        "{\"a\":\uE0C3\uE0A4}",
        "{\"\u00e4\u20ac\":1,\"key\":12}",
        "{\n \"key\":  12}",
        "{\r\n\t\"\u20ac\": {\"b\":[1,\n2]},\n\"key\" :[\n]}",
        "{\"a\":{\"b\":[1,2,}}",
        "{'a':1}",
        "{\"a\":1,}",
        "[1,]",
        "{\"@\":1 2}",
        "[1 2]",
        "{\"key\":\"\\q\"}",
        "{\"key\":\"\\u12g4\"}",
        "{\"key\":\"a\tb\"}",
        "{\"a\":1e5,\"b\":-0.5E-7,\"key\":\"Zm9v\"}",
        "{\"[a]\":1,\"key\":\"Zm9v\"}",
        "{\"KEY\":1,\"key\":\"Zm9v\"}",
        "{,}",
        "{\"key\":\"Zm9v\"\f}",
        ",",
        ":",
        "\""
    };

    private static final String[] BAD_TXNS = {
        "{\"success\":{}}",
        "{\"success\":[1]}",
        "{\"success\":[null]}",
        "{\"success\":null}",
        "{\"compare\":[[]]}",
        "{\"compare\":\"x\"}",
        "{\"success\":[{\"request_put\":{\"key\":\"YQ==\"},\"request_range\":{}}]}",
        "{\"success\":[{\"request_put\":null,\"request_range\":{\"key\":\"YQ==\"}}]}",
        "{\"success\":[{\"requestPut\":{\"key\":\"YQ==\",\"lease\":\"z\"}}]}",
        "{\"compare\":[{\"version\":1,\"mod_revision\":1}]}",
        "{\"success\":[{\"request_range\":{}}]}",
        "{\"success\":[{\"request_put\":[]}]}",
        "{\"success\":[,]}"
    };

    private static final Set<String> ALL_PATHS = Set.of(
            "/v3/kv/range",
            "/v3/kv/put",
            "/v3/kv/deleterange",
            "/v3/kv/txn",
            "/v3/kv/compaction",
            "/v3/lease/grant",
            "/v3/lease/revoke",
            "/v3/kv/lease/revoke",
            "/v3/lease/keepalive",
            "/v3/lease/timetolive",
            "/v3/kv/lease/timetolive",
            "/v3/lease/leases",
            "/v3/kv/lease/leases",
            "/v3/cluster/member/add",
            "/v3/cluster/member/remove",
            "/v3/cluster/member/update",
            "/v3/cluster/member/list",
            "/v3/cluster/member/promote",
            "/v3/maintenance/alarm",
            "/v3/maintenance/status",
            "/v3/maintenance/defragment",
            "/v3/maintenance/hash",
            "/v3/maintenance/hashkv",
            "/v3/maintenance/snapshot",
            "/v3/maintenance/transfer-leadership",
            "/v3/maintenance/downgrade",
            "/v3/auth/enable",
            "/v3/auth/disable",
            "/v3/auth/status",
            "/v3/auth/authenticate",
            "/v3/auth/user/add",
            "/v3/auth/user/get",
            "/v3/auth/user/list",
            "/v3/auth/user/delete",
            "/v3/auth/user/changepw",
            "/v3/auth/user/grant",
            "/v3/auth/user/revoke",
            "/v3/auth/role/add",
            "/v3/auth/role/get",
            "/v3/auth/role/list",
            "/v3/auth/role/delete",
            "/v3/auth/role/grant",
            "/v3/auth/role/revoke",
            "/v3/election/campaign",
            "/v3/election/proclaim",
            "/v3/election/leader",
            "/v3/election/observe",
            "/v3/election/resign",
            "/v3/lock/lock",
            "/v3/lock/unlock");
}
