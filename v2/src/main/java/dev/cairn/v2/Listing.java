package dev.cairn.v2;

import com.google.protobuf.ByteString;
import dev.cairn.proto.etcdserverpb.RangeRequest;
import dev.cairn.proto.etcdserverpb.RangeResponse;
import dev.cairn.proto.mvccpb.KeyValue;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What is in a directory at one revision, read page by page. Without the trees below, what lies in them is skipped: behind a key inside
 * of a directory the next page begins behind that directory.
 *
 * <p>Bounded: a directory of more than {@link #NODES_MAX} nodes, or of more than {@link #BYTES_MAX}, is not listed.
 */
final class Listing {
    static final int NODES_MAX = 200_000;
    static final long BYTES_MAX = 64L << 20;

    private static final int PAGE = 1000;
    private static final Comparator<ByteString> BYTEWISE = ByteString.unsignedLexicographicalComparator();

    private final V3 v3;
    private final String directory;
    private final boolean recursive;
    private final long revision;
    private int nodes;
    private long bytes;

    private Listing(V3 v3, String directory, boolean recursive, long revision) {
        this.v3 = v3;
        this.directory = directory;
        this.recursive = recursive;
        this.revision = revision;
    }

    /**
     * The nodes in a directory, sorted by name at each level.
     *
     * @param hidden whether hidden ones are listed too
     */
    static CompletionStage<List<Node>> read(V3 v3, String directory, boolean recursive, boolean hidden, long revision) {
        Listing listing = new Listing(v3, directory, recursive, revision);
        ByteString begin = Layout.directory(directory);
        CompletionStage<List<KeyValue>> keys = listing.pages(begin, Layout.directoryEnd(directory));
        ByteString factsBegin = Layout.facts(directory, true);
        return keys.thenCompose(found -> found.isEmpty()
                ? CompletableFuture.completedFuture(List.of())
                : listing.pages(factsBegin, Layout.factsEnd(directory))
                        .thenCompose(facts -> v3.aside(() -> tree(directory, recursive, hidden, found, facts))));
    }

    private CompletionStage<List<KeyValue>> pages(ByteString begin, ByteString end) {
        return page(begin, begin.size(), Layout.after(begin), end, new ArrayList<>());
    }

    private CompletionStage<List<KeyValue>> page(
            ByteString begin, int rootSize, ByteString from, ByteString end, List<KeyValue> gathered) {
        RangeRequest request = RangeRequest.newBuilder()
                .setKey(from)
                .setRangeEnd(end)
                .setRevision(revision)
                .setSerializable(true)
                .setLimit(PAGE)
                .build();
        return v3.range(request).thenCompose(response -> {
            ByteString next = take(response, rootSize, gathered);
            return next == null
                    ? CompletableFuture.completedFuture(gathered)
                    : page(begin, rootSize, next, end, gathered);
        });
    }

    /** Keeps what belongs to the listing; returns where to go on, null when this was the last. */
    private @Nullable ByteString take(RangeResponse response, int rootSize, List<KeyValue> gathered) {
        for (KeyValue kv : response.getKvsList()) {
            if (recursive || childEnd(kv.getKey(), rootSize) == kv.getKey().size()) {
                gathered.add(kv);
                nodes++;
                bytes += kv.getKey().size() + kv.getValue().size();
            }
        }
        if (nodes > NODES_MAX || bytes > BYTES_MAX) {
            throw new V3Failure(V3Failure.Kind.OTHER, "the directory holds too much to be listed at once");
        }
        if (!response.getMore() || response.getKvsCount() == 0) {
            return null;
        }
        ByteString last = response.getKvs(response.getKvsCount() - 1).getKey();
        int end = childEnd(last, rootSize);
        if (recursive || end == last.size() && last.byteAt(end - 1) != '/') {
            return Layout.after(last);
        }
        return last.substring(0, end - 1).concat(ByteString.copyFromUtf8("0"));
    }

    /** Where the name of the child ends that the key belongs to, with its slash. */
    private static int childEnd(ByteString key, int rootSize) {
        for (int i = rootSize; i < key.size(); i++) {
            if (key.byteAt(i) == '/') {
                return i + 1;
            }
        }
        return key.size();
    }

    private static List<Node> tree(
            String directory, boolean recursive, boolean hidden, List<KeyValue> keys, List<KeyValue> facts) {
        Map<String, KeyValue> factsOf = new HashMap<>();
        for (KeyValue kv : facts) {
            factsOf.put(Layout.pathOfFacts(kv.getKey()), kv);
        }
        Branch root = new Branch(Node.ROOT);
        Map<String, Branch> directories = new HashMap<>();
        directories.put(directory, root);
        // A marker comes before all that is in its directory; what has none above it is not there any more.
        for (KeyValue kv : keys) {
            String key = Layout.pathOfKey(kv.getKey());
            boolean dir = key.endsWith("/");
            String path = dir ? key.substring(0, key.length() - 1) : key;
            String name = Paths.name(path);
            Branch parent = directories.get(Paths.parent(path));
            if (parent == null || name.isEmpty() || !hidden && name.startsWith("_")) {
                continue;
            }
            KeyValue known = factsOf.get(key);
            Branch branch = new Branch(dir ? Node.directory(path, kv, known) : Node.file(path, kv, known));
            parent.children.put(name, branch);
            if (dir && recursive) {
                directories.put(path, branch);
            }
        }
        return root.sorted();
    }

    /** A node whose children are being gathered; a directory stands in the place of a file of its name. */
    private static final class Branch {
        private final Node node;
        private final Map<String, Branch> children = new HashMap<>();

        Branch(Node node) {
            this.node = node;
        }

        List<Node> sorted() {
            List<Node> nodes = new ArrayList<>(children.size());
            for (Branch child : children.values()) {
                nodes.add(child.children.isEmpty() ? child.node : child.node.withChildren(child.sorted()));
            }
            nodes.sort(
                    (a, b) -> BYTEWISE.compare(ByteString.copyFromUtf8(a.path()), ByteString.copyFromUtf8(b.path())));
            return nodes;
        }
    }
}
