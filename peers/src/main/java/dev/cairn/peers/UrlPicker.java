package dev.cairn.peers;

import java.util.List;

/** Which of a peer's URLs is used: one, until it turns out to be unreachable, then the next. Thread-safe: all state is under its monitor. */
final class UrlPicker {
    private final Object lock = new Object();
    private List<PeerUrl> urls;
    private int picked;

    UrlPicker(List<PeerUrl> urls) {
        this.urls = nonEmpty(urls);
    }

    PeerUrl pick() {
        synchronized (lock) {
            return urls.get(picked);
        }
    }

    void update(List<PeerUrl> newUrls) {
        List<PeerUrl> checked = nonEmpty(newUrls);
        synchronized (lock) {
            urls = checked;
            picked = 0;
        }
    }

    /** A URL did not work. Says nothing when another one is in use by now. */
    void unreachable(PeerUrl url) {
        synchronized (lock) {
            if (urls.get(picked).equals(url)) {
                picked = (picked + 1) % urls.size();
            }
        }
    }

    private static List<PeerUrl> nonEmpty(List<PeerUrl> urls) {
        if (urls.isEmpty()) {
            throw new IllegalArgumentException("a peer without URLs");
        }
        return List.copyOf(urls);
    }
}
