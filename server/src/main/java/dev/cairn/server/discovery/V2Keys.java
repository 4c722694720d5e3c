package dev.cairn.server.discovery;

import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.GoJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Keys of the v2 API somewhere else, over HTTP. Confined to the thread that starts the member; every call blocks. */
final class V2Keys {
    /** One key. */
    record Node(String key, String value, long createdIndex, long modifiedIndex) {}

    /**
     * What came back.
     *
     * @param error the code of a refusal; 0 for none
     * @param node the key that was asked for; null behind a refusal
     * @param children of a directory
     * @param index of the store at that moment
     */
    record Answer(int error, String message, @Nullable Node node, List<Node> children, long index) {}

    private static final Duration DIAL_LIMIT = Duration.ofSeconds(30);
    private static final Duration REQUEST_LIMIT = Duration.ofSeconds(5);

    /** An answer that is longer is none of a discovery service. */
    private static final int ANSWER_BYTES_MAX = 16 << 20;

    private static final int SERVER_FAULT = 500;
    private static final int REFUSED = 400;

    private final URI directory;
    private final Proxy proxy;

    private V2Keys(URI directory, Proxy proxy) {
        this.directory = directory;
        this.proxy = proxy;
    }

    /** @throws DiscoveryFailure when these are no addresses */
    static V2Keys at(String url, String proxy) throws DiscoveryFailure {
        URI directory;
        try {
            directory = new URI(url.endsWith("/") ? url.substring(0, url.length() - 1) : url);
        } catch (URISyntaxException e) {
            throw new DiscoveryFailure("discovery: invalid URL", e);
        }
        boolean web = "http".equalsIgnoreCase(directory.getScheme()) || "https".equalsIgnoreCase(directory.getScheme());
        if (!web || directory.getHost() == null || directory.getRawQuery() != null) {
            throw new DiscoveryFailure("discovery: invalid URL");
        }
        return new V2Keys(directory, proxy.isEmpty() ? Proxy.NO_PROXY : proxyAt(proxy));
    }

    private static Proxy proxyAt(String text) throws DiscoveryFailure {
        URI uri;
        try {
            uri = new URI(text.startsWith("http://") || text.startsWith("https://") ? text : "http://" + text);
        } catch (URISyntaxException e) {
            throw new DiscoveryFailure("invalid proxy address \"" + text + "\": " + e.getMessage(), e);
        }
        if (uri.getHost() == null) {
            throw new DiscoveryFailure("invalid proxy address \"" + text + "\"");
        }
        int port = uri.getPort() >= 0 ? uri.getPort() : "https".equals(uri.getScheme()) ? 443 : 80;
        return new Proxy(Proxy.Type.HTTP, new InetSocketAddress(uri.getHost(), port));
    }

    /** Whose directory it is. */
    String directory() {
        return directory.getPath();
    }

    /** The service without the directory, for the log. */
    String service() {
        return directory.getScheme() + "://" + directory.getHost()
                + (directory.getPort() < 0 ? "" : ":" + directory.getPort());
    }

    /** @param name behind the directory; empty for the directory itself */
    Answer get(String name) throws IOException, DiscoveryFailure {
        return ask("GET", name + "?quorum=false&recursive=false&sorted=false", "", REQUEST_LIMIT);
    }

    /** Creates a key that does not exist yet. */
    Answer create(String name, String value) throws IOException, DiscoveryFailure {
        return ask(
                "PUT",
                name + "?prevExist=false",
                "value=" + URLEncoder.encode(value, StandardCharsets.UTF_8),
                REQUEST_LIMIT);
    }

    /** Waits, without end, for the first change at or behind an index. */
    Answer await(String name, boolean recursive, long index) throws IOException, DiscoveryFailure {
        return ask("GET", name + "?recursive=" + recursive + "&wait=true&waitIndex=" + index, "", Duration.ZERO);
    }

    private Answer ask(String method, String target, String form, Duration limit) throws IOException, DiscoveryFailure {
        URL url = new URL(directory.getScheme() + "://" + authority() + directory.getRawPath() + target);
        HttpURLConnection connection = (HttpURLConnection) url.openConnection(proxy);
        try {
            connection.setRequestMethod(method);
            connection.setConnectTimeout((int) DIAL_LIMIT.toMillis());
            connection.setReadTimeout((int) limit.toMillis());
            String user = directory.getUserInfo();
            if (user != null) {
                connection.setRequestProperty(
                        "Authorization",
                        "Basic " + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8)));
            }
            if (!form.isEmpty()) {
                connection.setDoOutput(true);
                connection.setRequestProperty("Content-Type", "application/x-www-form-urlencoded");
                try (OutputStream body = connection.getOutputStream()) {
                    body.write(form.getBytes(StandardCharsets.US_ASCII));
                }
            }
            int status = connection.getResponseCode();
            if (status >= SERVER_FAULT) {
                throw new IOException("the discovery service answers with status " + status);
            }
            String text = text(status < REFUSED ? connection.getInputStream() : connection.getErrorStream());
            return decode(text, index(connection.getHeaderField("X-Etcd-Index")));
        } finally {
            connection.disconnect();
        }
    }

    private String authority() {
        return directory.getHost() + (directory.getPort() < 0 ? "" : ":" + directory.getPort());
    }

    private static String text(@Nullable InputStream body) throws IOException {
        if (body == null) {
            return "";
        }
        try (body) {
            byte[] bytes = body.readNBytes(ANSWER_BYTES_MAX + 1);
            if (bytes.length > ANSWER_BYTES_MAX) {
                throw new IOException("the answer of the discovery service is too long");
            }
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    private static long index(@Nullable String header) {
        try {
            return header == null ? 0 : Long.parseUnsignedLong(header);
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    private static Answer decode(String text, long index) throws DiscoveryFailure {
        Object json;
        try {
            json = GoJson.parse(text);
        } catch (ConfigException e) {
            throw new DiscoveryFailure("discovery: bad discovery endpoint", e);
        }
        if (!(json instanceof Map<?, ?> fields)) {
            throw new DiscoveryFailure("discovery: bad discovery endpoint");
        }
        if (fields.get("errorCode") != null) {
            return new Answer(
                    (int) number(fields, "errorCode"),
                    text(fields, "message") + " (" + text(fields, "cause") + ")",
                    null,
                    List.of(),
                    number(fields, "index"));
        }
        if (!(fields.get("node") instanceof Map<?, ?> node)) {
            throw new DiscoveryFailure("discovery: bad discovery endpoint");
        }
        List<Node> children = new ArrayList<>();
        if (node.get("nodes") instanceof List<?> nodes) {
            for (Object child : nodes) {
                if (child instanceof Map<?, ?> inner) {
                    children.add(node(inner));
                }
            }
        }
        return new Answer(0, "", node(node), children, index);
    }

    private static Node node(Map<?, ?> fields) {
        return new Node(
                text(fields, "key"),
                text(fields, "value"),
                number(fields, "createdIndex"),
                number(fields, "modifiedIndex"));
    }

    private static String text(Map<?, ?> fields, String name) {
        return fields.get(name) instanceof String text ? text : "";
    }

    private static long number(Map<?, ?> fields, String name) {
        try {
            return fields.get(name) instanceof GoJson.Numeral number ? Long.parseUnsignedLong(number.text()) : 0;
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
