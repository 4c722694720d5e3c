package dev.cairn.v2;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KeysApiTest {
    private final Session v2 = new Session();

    @Test
    void shouldReplaceANodeBySetAndKeepItByUpdate() {
        assertThat(v2.put("/a", "value=1"))
                .isEqualTo(
                        "201 {\"action\":\"set\",\"node\":{\"key\":\"/a\",\"value\":\"1\",\"modifiedIndex\":2,\"createdIndex\":2}}");
        assertThat(v2.put("/a", "value=2")).contains("\"modifiedIndex\":3,\"createdIndex\":3},\"prevNode\"");
        assertThat(v2.put("/a?prevExist=true", "value=3")).contains("\"modifiedIndex\":4,\"createdIndex\":3}");
        assertThat(v2.put("/a?prevIndex=4", "value=4")).contains("\"modifiedIndex\":5,\"createdIndex\":3}");
        assertThat(v2.get("/a")).contains("\"value\":\"4\",\"modifiedIndex\":5,\"createdIndex\":3}");
        assertThat(v2.store.keys()).contains("/_cairn/v2/keys/a", "/_cairn/v2/facts/a");
        v2.delete("/a");
        assertThat(v2.store.keys()).as("nothing is left").containsExactly("/_cairn/v2/action");
    }

    @Test
    void shouldDecideAnewWhenSomethingCameBetween() {
        v2.put("/a", "value=1");
        v2.store.beforeNextWrite(() -> v2.store.put("/_cairn/v2/keys/a", "other"));
        assertThat(v2.put("/a?prevValue=1", "value=2"))
                .startsWith("412 {\"errorCode\":101,\"message\":\"Compare failed\",\"cause\":\"[1 != other]\"");
        v2.store.beforeNextWrite(() -> v2.store.put("/_cairn/v2/keys/new", "file"));
        assertThat(v2.put("/new/in", "value=1"))
                .isEqualTo("400 {\"errorCode\":104,\"message\":\"Not a directory\",\"cause\":\"/new\",\"index\":4}");
        v2.put("/d", "dir=true");
        v2.store.beforeNextWrite(() -> v2.store.put("/_cairn/v2/keys/d/in", "1"));
        assertThat(v2.delete("/d?dir=true")).startsWith("403 {\"errorCode\":108");
    }

    @Test
    void shouldNameKeysInOrderByTheirIndex() {
        assertThat(v2.send("POST", "/q", "value=1")).contains("\"key\":\"/q/00000000000000000002\"");
        v2.store.beforeNextWrite(() -> v2.store.put("/_cairn/v2/action", "another write"));
        assertThat(v2.send("POST", "/q", "value=1"))
                .contains("\"key\":\"/q/00000000000000000004\"")
                .contains("\"createdIndex\":4");
    }

    @Test
    void shouldGiveBackLeasesThatCarryNothing() {
        v2.put("/a", "value=1&ttl=100");
        assertThat(v2.store.leases()).hasSize(1);
        v2.put("/a", "value=1&ttl=200");
        assertThat(v2.store.leases()).as("the first was replaced").hasSize(1);
        v2.store.beforeNextWrite(() -> v2.store.put("/_cairn/v2/keys/a", "other"));
        assertThat(v2.put("/a?prevValue=1", "value=2&ttl=100")).startsWith("412");
        assertThat(v2.store.leases()).as("the one of the refused write").hasSize(1);
        v2.put("/a", "value=1");
        assertThat(v2.get("/a")).doesNotContain("ttl");
    }

    @Test
    void shouldKeepTheTimeAtWhichANodeEnds() {
        assertThat(v2.put("/a", "value=1&ttl=100"))
                .contains("\"expiration\":\"2027-01-15T08:01:40Z\",\"ttl\":100,\"modifiedIndex\"");
        v2.passSeconds(40);
        assertThat(v2.get("/a")).contains("\"expiration\":\"2027-01-15T08:01:40Z\",\"ttl\":60,");
        v2.put("/a", "refresh=true&ttl=100");
        assertThat(v2.get("/a")).contains("\"value\":\"1\"").contains("\"ttl\":100,");
    }

    @Test
    void shouldTakeAllThatIsInADirectoryWithItWhenItEnds() {
        v2.put("/d/in/file", "value=1");
        v2.put("/d?prevExist=true", "ttl=10");
        Session.Heard own = v2.await("/d?wait=true");
        Session.Heard below = v2.await("/d/in/file?wait=true");
        Session.Heard above = v2.await("/?wait=true&recursive=true&stream=true");
        v2.passSeconds(11);
        assertThat(v2.sweep()).as("the lease has not ended").isZero();
        long lease = v2.store.leases().iterator().next();
        v2.store.end(lease);
        assertThat(v2.get("/d/in/file"))
                .startsWith("404 {\"errorCode\":100,\"message\":\"Key not found\",\"cause\":\"/d\"");
        assertThat(v2.get("/?recursive=true")).doesNotContain("nodes");
        assertThat(v2.sweep()).isEqualTo(1);
        v2.store.run();
        assertThat(v2.store.keys()).containsExactly("/_cairn/v2/action");
        String expired =
                "{\"action\":\"expire\",\"node\":{\"key\":\"/d\",\"dir\":true,\"modifiedIndex\":4,\"createdIndex\":2},"
                        + "\"prevNode\":{\"key\":\"/d\",\"dir\":true,\"expiration\":\"2027-01-15T08:00:10Z\",\"modifiedIndex\":2,\"createdIndex\":2}}";
        assertThat(own.events).containsExactly(expired);
        assertThat(above.events).containsExactly(expired);
        assertThat(below.events).containsExactly(expired.replace("\"modifiedIndex\":4", "\"modifiedIndex\":5"));
        assertThat(v2.sweep()).as("done").isZero();
    }

    @Test
    void shouldNotBringBackWhatAnEndedDirectoryLeft() {
        v2.put("/d/old", "value=1");
        v2.put("/d?prevExist=true", "ttl=10");
        v2.passSeconds(11);
        v2.store.end(v2.store.leases().iterator().next());
        assertThat(v2.put("/d/new", "value=2")).startsWith("201");
        assertThat(v2.get("/d")).contains("/d/new").doesNotContain("/d/old");
        v2.sweep();
        assertThat(v2.get("/d/new"))
                .as("a new directory is not the one that ended")
                .startsWith("200");
        assertThat(v2.store.keys()).noneMatch(key -> key.startsWith("/_cairn/v2/expiring"));
    }

    @Test
    void shouldListWithoutTheTreesBelowAndWithoutHiddenNodes() {
        v2.put("/d/b/x", "value=1");
        v2.put("/d/a", "value=1");
        v2.put("/d/_h", "value=1");
        v2.put("/d/b-c", "value=1");
        assertThat(v2.get("/d").replaceAll(",\"[mc][a-z]*Index\":\\d+", ""))
                .isEqualTo(
                        "200 {\"action\":\"get\",\"node\":{\"key\":\"/d\",\"dir\":true,\"nodes\":["
                                + "{\"key\":\"/d/a\",\"value\":\"1\"},{\"key\":\"/d/b\",\"dir\":true},{\"key\":\"/d/b-c\",\"value\":\"1\"}]}}");
        assertThat(v2.get("/d?recursive=true")).contains("/d/b/x").doesNotContain("_h");
    }

    @Test
    void shouldListPageByPage() {
        for (int i = 0; i < 700; i++) {
            v2.put("/d/t" + i + "/a", "value=1");
            v2.put("/d/t" + i + "/b", "value=1");
        }
        assertThat(v2.get("/d").split("\"key\"")).hasSize(2 + 700);
        assertThat(v2.get("/d?recursive=true").split("\"key\"")).hasSize(2 + 3 * 700);
    }

    @Test
    void shouldWaitForTheNextAndForWhatIsPast() {
        Session.Heard next = v2.await("/a?wait=true");
        v2.put("/a", "value=1");
        v2.put("/a", "refresh=true&ttl=100");
        v2.put("/a", "value=2");
        v2.put("/_h", "value=1");
        v2.store.run();
        assertThat(next.events).hasSize(1);
        assertThat(next.ended).isTrue();
        assertThat(v2.await("/a?wait=true&waitIndex=3").events.get(0))
                .as("a refresh is silent")
                .startsWith("{\"action\":\"set\",\"node\":{\"key\":\"/a\",\"value\":\"2\",\"modifiedIndex\":4");
        assertThat(v2.await("/?wait=true&recursive=true&waitIndex=5").events)
                .as("what is past is not hidden")
                .hasSize(1);
        Session.Heard hidden = v2.await("/?wait=true&recursive=true");
        v2.put("/_h", "value=2");
        v2.store.run();
        assertThat(hidden.events).isEmpty();
    }

    @Test
    void shouldTellOfWhatIsMadeAndTakenAwayByARequestThatSpeaksOfRefreshing() {
        Session.Heard made = v2.await("/a?wait=true");
        v2.put("/a", "refresh=true&ttl=100&prevExist=false");
        Session.Heard taken = v2.await("/a?wait=true");
        v2.delete("/a?refresh=true&ttl=100");
        v2.store.run();
        assertThat(made.events).hasSize(1).first().asString().startsWith("{\"action\":\"create\"");
        assertThat(taken.events).hasSize(1).first().asString().startsWith("{\"action\":\"delete\"");
    }

    @Test
    void shouldTellHowFarHistoryHasBeenCleared() {
        for (int i = 0; i < 10; i++) {
            v2.put("/a", "value=" + i);
        }
        v2.store.compact(6);
        assertThat(v2.get("/a?wait=true&waitIndex=3"))
                .isEqualTo(
                        "400 {\"errorCode\":401,\"message\":\"The event in requested index is outdated and cleared\","
                                + "\"cause\":\"the requested history has been cleared [7/3]\",\"index\":11}");
        assertThat(v2.await("/a?wait=true&waitIndex=7").events).hasSize(1);
    }

    @Test
    void shouldTellOfWhatClientsOfV3Write() {
        v2.put("/d/a", "value=1");
        Session.Heard heard = v2.await("/d?wait=true&recursive=true&stream=true");
        v2.store.put("/_cairn/v2/keys/d/a", "2");
        v2.store.put("/_cairn/v2/keys/d/b", "3");
        v2.store.put("/_cairn/v2/keys/d/nowhere/b", "no node");
        v2.store.run();
        assertThat(heard.events)
                .containsExactly(
                        "{\"action\":\"update\",\"node\":{\"key\":\"/d/a\",\"value\":\"2\",\"modifiedIndex\":3,\"createdIndex\":2},"
                                + "\"prevNode\":{\"key\":\"/d/a\",\"value\":\"1\",\"modifiedIndex\":2,\"createdIndex\":2}}",
                        "{\"action\":\"set\",\"node\":{\"key\":\"/d/b\",\"value\":\"3\",\"modifiedIndex\":4,\"createdIndex\":4}}");
    }

    @Test
    void shouldRefusePathsThatOneTransactionCannotHold() {
        assertThat(v2.put("/a".repeat(Found.DEPTH_MAX), "value=1")).startsWith("201");
        assertThat(v2.put("/a".repeat(Found.DEPTH_MAX + 1), "value=1")).startsWith("400 {\"errorCode\":210");
    }
}
