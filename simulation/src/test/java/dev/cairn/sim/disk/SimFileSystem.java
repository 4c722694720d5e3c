package dev.cairn.sim.disk;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Java's file interface to a {@link SimDisk}: as much of it as logs use. What is left out says so. */
final class SimFileSystem extends FileSystem {
    static final String SCHEME = "sim";

    private final SimDisk disk;
    private final Provider provider = new Provider();

    SimFileSystem(SimDisk disk) {
        this.disk = disk;
    }

    @Override
    public FileSystemProvider provider() {
        return provider;
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public boolean isReadOnly() {
        return false;
    }

    @Override
    public String getSeparator() {
        return "/";
    }

    @Override
    public Iterable<Path> getRootDirectories() {
        return List.of(getPath("/"));
    }

    @Override
    public Iterable<FileStore> getFileStores() {
        return List.of();
    }

    @Override
    public Set<String> supportedFileAttributeViews() {
        return Set.of("basic", "posix");
    }

    @Override
    public Path getPath(String first, String... more) {
        return SimPath.parse(this, more.length == 0 ? first : first + "/" + String.join("/", more));
    }

    @Override
    public PathMatcher getPathMatcher(String syntaxAndPattern) {
        throw new UnsupportedOperationException();
    }

    @Override
    public UserPrincipalLookupService getUserPrincipalLookupService() {
        throw new UnsupportedOperationException();
    }

    @Override
    public WatchService newWatchService() {
        throw new UnsupportedOperationException();
    }

    private @Nullable Node find(Path path) {
        Node node = disk.root();
        for (String name : ((SimPath) path).names()) {
            node = node instanceof Node.Directory directory ? directory.visible.get(name) : null;
            if (node == null) {
                return null;
            }
        }
        return node;
    }

    private Node require(Path path) throws NoSuchFileException {
        Node node = find(path);
        if (node == null) {
            throw new NoSuchFileException(path.toString());
        }
        return node;
    }

    private Node.Directory parent(Path path) throws NoSuchFileException {
        Path parent = path.getParent();
        if (parent != null && require(parent) instanceof Node.Directory directory) {
            return directory;
        }
        throw new NoSuchFileException(path.toString());
    }

    private static String name(Path path) {
        List<String> names = ((SimPath) path).names();
        return names.get(names.size() - 1);
    }

    private final class Provider extends FileSystemProvider {
        @Override
        public String getScheme() {
            return SCHEME;
        }

        @Override
        public FileSystem newFileSystem(URI uri, Map<String, ?> env) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileSystem getFileSystem(URI uri) {
            return SimFileSystem.this;
        }

        @Override
        public Path getPath(URI uri) {
            return SimFileSystem.this.getPath(uri.getPath());
        }

        @Override
        public FileChannel newFileChannel(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
                throws IOException {
            Node node = find(path);
            boolean writable = options.contains(StandardOpenOption.WRITE);
            if (node != null && options.contains(StandardOpenOption.CREATE_NEW)) {
                throw new FileAlreadyExistsException(path.toString());
            }
            if (node == null) {
                if (!options.contains(StandardOpenOption.CREATE_NEW) && !options.contains(StandardOpenOption.CREATE)) {
                    throw new NoSuchFileException(path.toString());
                }
                node = new Node.File();
                disk.link(parent(path), name(path), node);
            }
            if (writable && options.contains(StandardOpenOption.TRUNCATE_EXISTING) && node instanceof Node.File file) {
                disk.truncate(file, 0);
            }
            return new SimFileChannel(disk, node, writable);
        }

        @Override
        public SeekableByteChannel newByteChannel(
                Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes) throws IOException {
            return newFileChannel(path, options, attributes);
        }

        @Override
        public DirectoryStream<Path> newDirectoryStream(Path path, DirectoryStream.Filter<? super Path> filter)
                throws IOException {
            List<Path> found = new ArrayList<>();
            if (require(path) instanceof Node.Directory directory) {
                for (String name : directory.visible.keySet()) {
                    Path child = path.resolve(name);
                    if (filter.accept(child)) {
                        found.add(child);
                    }
                }
            }
            return new DirectoryStream<>() {
                @Override
                public Iterator<Path> iterator() {
                    return found.iterator();
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public void createDirectory(Path path, FileAttribute<?>... attributes) throws IOException {
            if (find(path) != null) {
                throw new FileAlreadyExistsException(path.toString());
            }
            disk.link(parent(path), name(path), new Node.Directory());
        }

        @Override
        public void delete(Path path) throws IOException {
            if (require(path) instanceof Node.Directory directory && !directory.visible.isEmpty()) {
                throw new DirectoryNotEmptyException(path.toString());
            }
            disk.unlink(parent(path), name(path));
        }

        @Override
        public void copy(Path source, Path target, CopyOption... options) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void move(Path source, Path target, CopyOption... options) throws IOException {
            Node there = find(target);
            List<CopyOption> how = List.of(options);
            boolean replaces =
                    how.contains(StandardCopyOption.REPLACE_EXISTING) || how.contains(StandardCopyOption.ATOMIC_MOVE);
            if (there != null && !replaces) {
                throw new FileAlreadyExistsException(target.toString());
            }
            if (there instanceof Node.Directory directory && !directory.visible.isEmpty()) {
                throw new DirectoryNotEmptyException(target.toString());
            }
            disk.move(parent(source), name(source), parent(target), name(target), require(source));
        }

        @Override
        public boolean isSameFile(Path path, Path other) throws IOException {
            return require(path) == require(other);
        }

        @Override
        public boolean isHidden(Path path) {
            return false;
        }

        @Override
        public FileStore getFileStore(Path path) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void checkAccess(Path path, AccessMode... modes) throws IOException {
            require(path);
        }

        @Override
        public <V extends FileAttributeView> V getFileAttributeView(Path path, Class<V> type, LinkOption... options) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <A extends BasicFileAttributes> A readAttributes(Path path, Class<A> type, LinkOption... options)
                throws IOException {
            return type.cast(new Attributes(require(path)));
        }

        @Override
        public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void setAttribute(Path path, String attribute, Object value, LinkOption... options) {
            throw new UnsupportedOperationException();
        }
    }

    private record Attributes(Node node) implements BasicFileAttributes {
        private static final FileTime BEGINNING = FileTime.fromMillis(0);

        @Override
        public FileTime lastModifiedTime() {
            return BEGINNING;
        }

        @Override
        public FileTime lastAccessTime() {
            return BEGINNING;
        }

        @Override
        public FileTime creationTime() {
            return BEGINNING;
        }

        @Override
        public boolean isRegularFile() {
            return node instanceof Node.File;
        }

        @Override
        public boolean isDirectory() {
            return node instanceof Node.Directory;
        }

        @Override
        public boolean isSymbolicLink() {
            return false;
        }

        @Override
        public boolean isOther() {
            return false;
        }

        @Override
        public long size() {
            return node instanceof Node.File file ? file.visible.size() : 0;
        }

        @Override
        public Object fileKey() {
            return node;
        }
    }
}
