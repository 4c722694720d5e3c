package dev.cairn.server.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The texts are as etcd 3.7.1 writes them into its log and its buckets. */
class MemberFormatTest {
    private static final Member FOUNDER =
            new Member(0x80961833613b81b4L, List.of("http://127.0.0.1:33800"), false, "default", List.of());

    @Test
    void shouldWriteWhatEtcdWrites() {
        assertThat(MemberFormat.encode(FOUNDER).toStringUtf8())
                .isEqualTo("{\"id\":9265619892315062708,\"peerURLs\":[\"http://127.0.0.1:33800\"],\"name\":\"default\"}");
        Member learner = new Member(1, List.of("http://a:1"), true, "", List.of("http://a:2"));
        assertThat(MemberFormat.encode(learner).toStringUtf8())
                .isEqualTo(
                        "{\"id\":1,\"peerURLs\":[\"http://a:1\"],\"isLearner\":true,\"clientURLs\":[\"http://a:2\"]}");
        Member promoted = new Member(5, List.of(), false, "", List.of());
        assertThat(MemberFormat.encodeChange(new MemberFormat.Change(promoted, true))
                        .toStringUtf8())
                .isEqualTo("{\"id\":5,\"peerURLs\":null,\"isPromote\":true}");
    }

    @Test
    void shouldReadBackWhatItWrites() throws IOException {
        Member full = new Member(-2, List.of("http://a:1", "http://b:1"), true, "ü\"<", List.of("http://c:1"));

        assertThat(MemberFormat.decode(MemberFormat.encode(full))).isEqualTo(full);
        MemberFormat.Change change = new MemberFormat.Change(FOUNDER, true);
        assertThat(MemberFormat.decodeChange(MemberFormat.encodeChange(change))).isEqualTo(change);
    }

    @Test
    void shouldRefuseWhatIsNoMember() {
        for (String text : List.of("", "[]", "{", "{\"id\":\"x\"}", "{\"id\":{}}", "null", "{\"peerURLs\":7}")) {
            assertThatThrownBy(() -> MemberFormat.decode(ByteString.copyFromUtf8(text)))
                    .as("%s", text)
                    .isInstanceOf(IOException.class);
        }
    }
}
