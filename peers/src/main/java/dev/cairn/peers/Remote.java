package dev.cairn.peers;

import dev.cairn.raft.message.Message;
import java.util.List;

/**
 * A member that has spoken to us before our log says that there is such a member: it can be answered, on a pipeline, and no more. So a member
 * that joins can be caught up by one that does not know it yet. Thread-safe.
 */
final class Remote {
    private final long id;
    private final PeerStatus status;
    private final Pipeline pipeline;
    private final PeerListener listener;

    Remote(
            long id,
            List<PeerUrl> urls,
            PeerConfig config,
            PeerNetwork network,
            Dialler dialler,
            RaftHost host,
            PeerListener listener) {
        this.id = id;
        this.listener = listener;
        // Whether a remote answers is nobody's business: it is not counted among the active peers.
        status = new PeerStatus(id, PeerListener.SILENT);
        pipeline =
                new Pipeline(id, config, network.loops().next(), dialler, new UrlPicker(urls), status, host, listener);
    }

    long id() {
        return id;
    }

    void offer(Message message) {
        if (!pipeline.offer(message)) {
            listener.sendFailed(id);
        }
    }

    void flush() {
        pipeline.flush();
    }

    void stop() {
        pipeline.stop();
        status.end();
    }
}
