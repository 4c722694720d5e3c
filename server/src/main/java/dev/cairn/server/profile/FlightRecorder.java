package dev.cairn.server.profile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import org.jspecify.annotations.Nullable;

/** Makes recordings of the JDK's flight recorder, one at a time. Thread-safe; the work is done on the executor. */
final class FlightRecorder {
    /** What a recording may take on disk; the oldest part goes first. */
    private static final long BYTES_MAX = 64L << 20;

    private final Executor executor;
    private final AtomicBoolean busy = new AtomicBoolean();

    FlightRecorder(Executor executor) {
        this.executor = executor;
    }

    /** A recording under way. */
    final class Session {
        private final CompletableFuture<Path> file = new CompletableFuture<>();
        private final AtomicBoolean given = new AtomicBoolean();
        private final AtomicBoolean finished = new AtomicBoolean();
        private volatile boolean unwanted;
        private volatile @Nullable Recording underWay;

        /** Completes with a file that is the caller's to delete. */
        CompletableFuture<Path> file() {
            return file;
        }

        /** Nobody waits for it any more. */
        void cancel() {
            unwanted = true;
            Recording recording = underWay;
            if (recording != null) {
                later(recording, Duration.ZERO);
            }
            if (given.compareAndSet(false, true)) {
                file.cancel(false);
            }
        }

        private void run(String settings, Duration length) {
            Recording recording = null;
            try {
                recording = new Recording(Configuration.getConfiguration(settings));
                recording.setToDisk(true);
                recording.setMaxSize(BYTES_MAX);
                recording.start();
                underWay = recording;
                later(recording, unwanted ? Duration.ZERO : length);
            } catch (IOException | ParseException | RuntimeException | LinkageError e) {
                end(recording, e);
            }
        }

        private void later(Recording recording, Duration length) {
            CompletableFuture.delayedExecutor(length.toMillis(), TimeUnit.MILLISECONDS, executor)
                    .execute(() -> finish(recording));
        }

        private void finish(Recording recording) {
            if (!finished.compareAndSet(false, true)) {
                return;
            }
            try {
                recording.stop();
                if (unwanted) {
                    end(recording, null);
                    return;
                }
                Path target = Files.createTempFile("recording", ".jfr");
                recording.dump(target);
                end(recording, null);
                if (!given.compareAndSet(false, true)) {
                    Files.deleteIfExists(target);
                    return;
                }
                file.complete(target);
            } catch (IOException | RuntimeException e) {
                end(recording, e);
            }
        }

        private void end(@Nullable Recording recording, @Nullable Throwable failure) {
            if (recording != null) {
                recording.close();
            }
            busy.set(false);
            if (failure != null) {
                file.completeExceptionally(failure);
            }
        }
    }

    /**
     * Begins a recording.
     *
     * @param settings one of the JDK's own: default or profile
     * @return null when there is one already
     */
    @Nullable
    Session record(String settings, Duration length) {
        if (!busy.compareAndSet(false, true)) {
            return null;
        }
        Session session = new Session();
        try {
            executor.execute(() -> session.run(settings, length));
        } catch (RuntimeException e) {
            session.end(null, e);
        }
        return session;
    }
}
