package dev.cairn.proxy.rpc;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Pure functions: how proxies write down where they are, in the form of etcd's client library for names, so that all makes of proxies and clients
 * find each other.
 */
final class ProxyNames {
    private static final int ADD = 0;

    private ProxyNames() {}

    /** A proxy that was written down. */
    record Place(String address, String host) {}

    static ByteString key(String prefix, String address) {
        return ByteString.copyFromUtf8(prefix + "/" + address);
    }

    /** What all keys under the prefix begin with. */
    static ByteString first(String prefix) {
        return ByteString.copyFromUtf8(prefix + "/");
    }

    /** The first key behind them. */
    static ByteString end(String prefix) {
        // The character behind the slash.
        return ByteString.copyFromUtf8(prefix + "0");
    }

    static ByteString value(Place place) {
        JsonObject meta = new JsonObject();
        meta.addProperty("name", place.host());
        JsonObject update = new JsonObject();
        update.addProperty("Op", ADD);
        update.addProperty("Addr", place.address());
        update.addProperty("Metadata", meta.toString());
        return ByteString.copyFrom(update.toString(), StandardCharsets.UTF_8);
    }

    /** Null for what is none. */
    static @Nullable Place parse(ByteString value) {
        try {
            JsonObject update = JsonParser.parseString(value.toStringUtf8()).getAsJsonObject();
            JsonElement address = update.get("Addr");
            JsonElement meta = update.get("Metadata");
            JsonElement name = meta == null || !meta.isJsonPrimitive()
                    ? null
                    : JsonParser.parseString(meta.getAsString())
                            .getAsJsonObject()
                            .get("name");
            return address == null ? null : new Place(address.getAsString(), name == null ? "" : name.getAsString());
        } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
            return null;
        }
    }

    /** This machine, as it calls itself. */
    static String host() {
        String told = System.getenv("HOSTNAME");
        if (told != null && !told.isEmpty()) {
            return told;
        }
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "";
        }
    }
}
