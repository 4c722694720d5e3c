package dev.cairn.server.tls;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Something that is made of files, and made anew when they hold something else. Files that cannot be used, for instance because only one half
 * of a pair has been replaced yet, leave what was made of the last good ones. What needs no files cannot find them wrong, and is made when it
 * is first asked for: a start without TLS does not read what the runtime trusts. Thread-safe.
 *
 * @param <T> what is made; immutable
 */
final class FromFiles<T> {
    private static final Logger LOG = LoggerFactory.getLogger(FromFiles.class);

    /** Makes it of the contents of the files, which come in their order. */
    interface Maker<T> {
        T make(List<TlsFile> files) throws TlsException;
    }

    private record Made<T>(List<TlsFile> files, T of) {}

    private final List<TlsSettings.Named> names;
    private final Maker<T> maker;
    private final ReentrantLock making = new ReentrantLock();
    private volatile FileStamps stamps;
    private volatile @Nullable Made<T> made;

    /** @throws TlsException what is wrong, and with which file */
    FromFiles(List<TlsSettings.Named> names, Maker<T> maker) throws TlsException {
        this.names = names;
        this.maker = maker;
        this.stamps = stamps();
        if (!names.isEmpty()) {
            make(TlsFile.readAll(names));
        }
    }

    private T make(List<TlsFile> files) throws TlsException {
        T of = maker.make(files);
        made = new Made<>(files, of);
        return of;
    }

    /** Of the files as they are now; may read them. Who comes while another thread makes it anew gets what there was. */
    T current() {
        Made<T> before = made;
        if (before == null) {
            return ofNothing();
        }
        FileStamps now = stamps();
        if (!stamps.covers(now) && making.tryLock()) {
            try {
                makeAnew();
            } catch (TlsException e) {
                if (!stamps.sameAs(now)) {
                    LOG.atWarn()
                            .setMessage("changed TLS files cannot be used; the last good ones stay in use")
                            .addKeyValue("error", e.getMessage())
                            .log();
                }
            } finally {
                stamps = now;
                making.unlock();
            }
        }
        return Objects.requireNonNull(made).of();
    }

    private T ofNothing() {
        making.lock();
        try {
            Made<T> before = made;
            return before != null ? before.of() : make(List.of());
        } catch (TlsException e) {
            throw new IllegalStateException(e);
        } finally {
            making.unlock();
        }
    }

    private void makeAnew() throws TlsException {
        List<TlsFile> files = TlsFile.readAll(names);
        if (TlsFile.same(files, Objects.requireNonNull(made).files())) {
            return;
        }
        make(files);
        LOG.atInfo()
                .setMessage("TLS files have changed and are in use")
                .addKeyValue(
                        "files",
                        names.stream().map(TlsSettings.Named::path).toList().toString())
                .log();
    }

    private FileStamps stamps() {
        return FileStamps.of(names.stream().map(TlsSettings.Named::path).toList());
    }
}
