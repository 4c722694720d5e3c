package dev.cairn.server.membership;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/**
 * A member as JSON, in etcd's order of keys: the value of the {@code members} bucket and the context of a configuration
 * change. IDs are unsigned decimal numbers; {@code isLearner}, {@code name} and {@code clientURLs} are left out when empty.
 *
 * <pre>{"id":N,"peerURLs":["..."],"isLearner":true,"name":"...","clientURLs":["..."],"isPromote":true}</pre>
 */
public final class MemberFormat {
    private MemberFormat() {}

    /**
     * What a configuration change says of a member.
     *
     * @param promote whether the change turns an existing learner into a voter
     */
    public record Change(Member member, boolean promote) {}

    /** The value of the {@code members} bucket. */
    public static ByteString encode(Member member) {
        return ByteString.copyFromUtf8(write(member, false));
    }

    /** The context of a configuration change. */
    public static ByteString encodeChange(Change change) {
        return ByteString.copyFromUtf8(write(change.member(), change.promote()));
    }

    public static Member decode(ByteString json) throws IOException {
        return decodeChange(json).member();
    }

    /** @throws IOException when the text is not such JSON */
    public static Change decodeChange(ByteString json) throws IOException {
        long id = 0;
        List<String> peerUrls = List.of();
        boolean learner = false;
        boolean promote = false;
        String name = "";
        List<String> clientUrls = List.of();
        try (JsonReader in = new JsonReader(new StringReader(json.toStringUtf8()))) {
            in.beginObject();
            while (in.hasNext()) {
                switch (in.nextName()) {
                    case "id" -> id = new BigInteger(in.nextString()).longValue();
                    case "peerURLs" -> peerUrls = strings(in);
                    case "isLearner" -> learner = in.nextBoolean();
                    case "isPromote" -> promote = in.nextBoolean();
                    case "name" -> name = in.nextString();
                    case "clientURLs" -> clientUrls = strings(in);
                    default -> in.skipValue();
                }
            }
            in.endObject();
        } catch (IllegalStateException | NumberFormatException e) {
            throw new IOException("not a member: " + json.toStringUtf8(), e);
        }
        return new Change(new Member(id, peerUrls, learner, name, clientUrls), promote);
    }

    private static String write(Member member, boolean promote) {
        StringWriter text = new StringWriter();
        try (JsonWriter out = new JsonWriter(text)) {
            out.setHtmlSafe(true);
            out.beginObject();
            out.name("id").value(new BigInteger(Long.toUnsignedString(member.id())));
            out.name("peerURLs");
            if (promote && member.peerUrls().isEmpty()) {
                out.nullValue();
            } else {
                array(out, member.peerUrls());
            }
            if (member.learner()) {
                out.name("isLearner").value(true);
            }
            if (!member.name().isEmpty()) {
                out.name("name").value(member.name());
            }
            urls(out, "clientURLs", member.clientUrls());
            if (promote) {
                out.name("isPromote").value(true);
            }
            out.endObject();
        } catch (IOException e) {
            throw new IllegalStateException("a string takes all that is written", e);
        }
        return text.toString();
    }

    /** A list of URLs under a name; nothing when there are none. */
    static void urls(JsonWriter out, String name, List<String> urls) throws IOException {
        if (!urls.isEmpty()) {
            out.name(name);
            array(out, urls);
        }
    }

    private static void array(JsonWriter out, List<String> values) throws IOException {
        out.beginArray();
        for (String value : values) {
            out.value(value);
        }
        out.endArray();
    }

    private static List<String> strings(JsonReader in) throws IOException {
        if (in.peek() == JsonToken.NULL) {
            in.nextNull();
            return List.of();
        }
        List<String> values = new ArrayList<>();
        in.beginArray();
        while (in.hasNext()) {
            values.add(in.nextString());
        }
        in.endArray();
        return values;
    }
}
