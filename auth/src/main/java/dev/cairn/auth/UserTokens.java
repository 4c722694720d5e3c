package dev.cairn.auth;

/** What the store tells of users whose tokens may no longer be believed. Called on the apply loop. */
public interface UserTokens {
    /** For tokens that carry their revision and grow old by themselves. */
    UserTokens STATELESS = new UserTokens() {
        @Override
        public void invalidateUser(String username) {}

        @Override
        public void invalidateAll() {}
    };

    void invalidateUser(String username);

    void invalidateAll();
}
