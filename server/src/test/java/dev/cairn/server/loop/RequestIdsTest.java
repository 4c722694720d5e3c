package dev.cairn.server.loop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RequestIdsTest {
    @Test
    void shouldPutMemberTimeAndCounterWhereEtcdPutsThem() {
        RequestIds ids = new RequestIds(0x1234_5678_9abc_def0L, 0x1_23_4567_89abL);

        long first = ids.next();

        assertThat(first).isEqualTo(0xdef0_2345_6789_ab01L);
        assertThat(ids.next()).isEqualTo(first + 1);
    }

    @Test
    void shouldCarryTheCounterIntoTheTimeAndNeverIntoTheMember() {
        RequestIds ids = new RequestIds(0x7777, 0xff_ffff_ffffL);
        for (int i = 0; i < 300; i++) {
            assertThat(ids.next() >>> 48).isEqualTo(0x7777);
        }
    }
}
