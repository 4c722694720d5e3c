package dev.cairn.server.membership;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The expected IDs are those that etcd 3.7.1 logged for the same flags. */
class IdentityTest {
    @Test
    void shouldDeriveTheIdsThatEtcdDerives() {
        long member = Identity.memberId(List.of("http://127.0.0.1:33800"), "etcd-cluster");

        assertThat(Identity.hex(member)).isEqualTo("80961833613b81b4");
        assertThat(Identity.hex(Identity.clusterId(List.of(member)))).isEqualTo("602f2b0bd975753b");
    }

    @Test
    void shouldNotDependOnTheOrderOfUrlsAndMembers() {
        assertThat(Identity.memberId(List.of("http://b:1", "http://a:1"), "t"))
                .isEqualTo(Identity.memberId(List.of("http://a:1", "http://b:1"), "t"));
        assertThat(Identity.clusterId(List.of(-1L, 1L))).isEqualTo(Identity.clusterId(List.of(1L, -1L)));
    }

    @Test
    void shouldDependOnTheToken() {
        assertThat(Identity.memberId(List.of("http://a:1"), "t"))
                .isNotEqualTo(Identity.memberId(List.of("http://a:1"), "u"));
    }
}
