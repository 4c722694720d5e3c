package dev.cairn.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HostPortTest {
    @Test
    void shouldTakePlacesApart() {
        assertThat(HostPort.parse("host:2379")).isEqualTo(new HostPort("host", "2379"));
        assertThat(HostPort.parse("[::1]:2379")).isEqualTo(new HostPort("::1", "2379"));
        assertThat(HostPort.parse(":2379")).isEqualTo(new HostPort("", "2379"));
        assertThat(HostPort.parse("host")).isNull();
        assertThat(HostPort.parse("::1:2379")).isNull();
    }

    @Test
    void shouldDropSchemes() {
        assertThat(HostPort.withoutScheme("https://host:1/path")).isEqualTo("host:1");
        assertThat(HostPort.withoutScheme("host:1")).isEqualTo("host:1");
        assertThat(HostPort.withoutScheme("http://")).isEqualTo("http://");
    }

    @Test
    void shouldReadPortsAsEtcdDoes() {
        assertThat(new HostPort("h", "80").number()).isEqualTo(80);
        assertThat(new HostPort("h", "http").number()).isZero();
        assertThat(new HostPort("h", "99999").number()).isZero();
    }
}
