package dev.cairn.server.peer;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import dev.cairn.mvcc.HashKv;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;

/**
 * Question and answer about a digest, as JSON. Zeros are left out; a missing number is 0, an unknown key is skipped, names of
 * keys are matched whatever their case.
 *
 * <pre>
 * {"revision":N}
 * {"header":{"revision":N},"hash":N,"compact_revision":N,"hash_revision":N}
 * </pre>
 */
final class HashKvFormat {
    /** Both texts are far shorter. */
    static final int BYTES_MAX = 64 << 10;

    private HashKvFormat() {}

    static String question(long revision) {
        return write(out -> number(out, "revision", revision));
    }

    /** @throws IOException when the text is not such a question */
    static long revisionOf(String question) throws IOException {
        long[] revision = {0};
        read(question, (in, name) -> {
            if (name.equalsIgnoreCase("revision")) {
                revision[0] = number(in);
            } else {
                in.skipValue();
            }
        });
        return revision[0];
    }

    static String answer(HashKv hash) {
        return write(out -> {
            out.name("header").beginObject();
            number(out, "revision", hash.currentRevision());
            out.endObject();
            number(out, "hash", Integer.toUnsignedLong(hash.hash()));
            number(out, "compact_revision", hash.compactRevision());
            number(out, "hash_revision", hash.hashRevision());
        });
    }

    /** @throws IOException when the text is not such an answer */
    static HashKv hashOf(String answer) throws IOException {
        long[] read = new long[4];
        read(answer, (in, name) -> {
            switch (name) {
                case "header" -> {
                    in.beginObject();
                    while (in.hasNext()) {
                        if (in.nextName().equals("revision")) {
                            read[0] = number(in);
                        } else {
                            in.skipValue();
                        }
                    }
                    in.endObject();
                }
                case "hash" -> read[1] = number(in);
                case "compact_revision" -> read[2] = number(in);
                case "hash_revision" -> read[3] = number(in);
                default -> in.skipValue();
            }
        });
        return new HashKv((int) read[1], read[2], read[3], read[0]);
    }

    private interface Body {
        void write(JsonWriter out) throws IOException;
    }

    private static String write(Body body) {
        StringWriter text = new StringWriter();
        try (JsonWriter out = new JsonWriter(text)) {
            out.beginObject();
            body.write(out);
            out.endObject();
        } catch (IOException e) {
            throw new IllegalStateException("a string takes all that is written", e);
        }
        return text.toString();
    }

    private static void number(JsonWriter out, String name, long value) throws IOException {
        if (value != 0) {
            out.name(name).value(value);
        }
    }

    private interface Field {
        void read(JsonReader in, String name) throws IOException;
    }

    private static void read(String text, Field field) throws IOException {
        try (JsonReader in = new JsonReader(new StringReader(text))) {
            if (in.peek() == JsonToken.NULL) {
                in.nextNull();
            } else {
                in.beginObject();
                while (in.hasNext()) {
                    field.read(in, in.nextName());
                }
                in.endObject();
            }
            if (in.peek() != JsonToken.END_DOCUMENT) {
                throw new IOException("text behind the object");
            }
        } catch (IllegalStateException | NumberFormatException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static long number(JsonReader in) throws IOException {
        JsonToken token = in.peek();
        if (token == JsonToken.NULL) {
            in.nextNull();
            return 0;
        }
        if (token != JsonToken.NUMBER) {
            throw new IOException("a number was expected, not " + token);
        }
        return Long.parseLong(in.nextString());
    }
}
