package dev.cairn.server.membership;

/** Which other members this one hears of: told by the transport between members. Thread-safe; never blocks. */
public interface PeerActivity {
    /** A member whose connections do not exist (yet): nobody is heard of. */
    PeerActivity NONE = new PeerActivity() {
        @Override
        public boolean isActive(long memberId) {
            return false;
        }

        @Override
        public boolean isActiveSince(long memberId, long nanos) {
            return false;
        }
    };

    /** Whether the member is connected at this moment. */
    boolean isActive(long memberId);

    /** Whether the member has been connected without a break since a moment of {@link System#nanoTime}. */
    boolean isActiveSince(long memberId, long nanos);
}
