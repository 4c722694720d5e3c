package dev.cairn.server.thread;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MailboxTest {
    private final AtomicInteger wakes = new AtomicInteger();

    @Test
    void shouldHandOutInOrderAndWakeForEach() {
        Mailbox<String> mailbox = new Mailbox<>(10, 100, String::length, wakes::incrementAndGet);

        assertThat(mailbox.offer("a")).isTrue();
        assertThat(mailbox.offer("b")).isTrue();

        assertThat(mailbox.poll()).isEqualTo("a");
        assertThat(mailbox.poll()).isEqualTo("b");
        assertThat(mailbox.poll()).isNull();
        assertThat(wakes).hasValue(2);
    }

    @Test
    void shouldRefuseBeyondTheCountAndTakeAgainAfterwards() {
        Mailbox<String> mailbox = new Mailbox<>(2, 100, String::length, wakes::incrementAndGet);
        mailbox.offer("a");
        mailbox.offer("b");

        assertThat(mailbox.offer("c")).isFalse();
        assertThat(wakes).hasValue(2);
        mailbox.poll();
        assertThat(mailbox.offer("c")).isTrue();
    }

    @Test
    void shouldRefuseBeyondTheBytesButTakeOneItemOfAnySize() {
        Mailbox<String> mailbox = new Mailbox<>(10, 4, String::length, wakes::incrementAndGet);

        assertThat(mailbox.offer("larger than all")).isTrue();
        assertThat(mailbox.offer("x")).isFalse();
        mailbox.poll();
        assertThat(mailbox.offer("abc")).isTrue();
        assertThat(mailbox.offer("de")).isFalse();
        assertThat(mailbox.offer("d")).isTrue();
    }
}
