package dev.cairn.server.v2.admin;

import com.google.protobuf.MessageLite;
import dev.cairn.auth.AuthException;
import dev.cairn.auth.AuthStore;
import dev.cairn.proto.etcdserverpb.InternalRaftRequest;
import dev.cairn.server.api.Completion;
import dev.cairn.server.api.EtcdError;
import dev.cairn.server.api.Proposer;
import dev.cairn.server.api.ReadGate;
import dev.cairn.server.http.HttpAnswer;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Carries out changes of users and roles that the v2 API asks for, in the name of who asks. What a change comes to is worked out against what
 * was acknowledged anywhere before, away from the event loops, and then goes through the log as the same entries that v3's service would write,
 * one after the other. Of a change that takes several entries a crash, or another change at the same moment, may leave the first ones done.
 *
 * <p>Thread-safe; never blocks.
 */
final class UserChanges {
    private final AuthStore store;
    private final PathPermissions permissions;
    private final ReadGate reads;
    private final Proposer proposer;
    private final Executor passwords;

    /**
     * @param proposer proposes in nobody's name
     * @param passwords runs what may hash
     */
    UserChanges(AuthStore store, PathPermissions permissions, ReadGate reads, Proposer proposer, Executor passwords) {
        this.store = store;
        this.permissions = permissions;
        this.reads = reads;
        this.proposer = proposer;
        this.passwords = passwords;
    }

    /** From what there is to what is to be done. */
    interface Planner {
        Plan plan(AuthView now) throws AuthException;
    }

    /** What there is, as far as this member has applied it. */
    AuthView view() {
        return new AuthView(store.snapshot(), permissions);
    }

    CompletionStage<HttpAnswer> carryOut(Requester who, Planner planner) {
        CompletableFuture<HttpAnswer> answer = new CompletableFuture<>();
        reads.await(new Completion<>() {
            @Override
            public void complete(Long index) {
                try {
                    passwords.execute(() -> plan(who, planner, answer));
                } catch (RejectedExecutionException e) {
                    fail(EtcdError.TOO_MANY_REQUESTS);
                }
            }

            @Override
            public void fail(EtcdError error) {
                answer.complete(answerTo(error));
            }
        });
        return answer;
    }

    private void plan(Requester who, Planner planner, CompletableFuture<HttpAnswer> answer) {
        try {
            Plan plan = planner.plan(view());
            next(who, plan.changes().iterator(), plan.answer(), answer);
        } catch (AuthException e) {
            answer.complete(answerTo(EtcdError.of(e.error())));
        } catch (RuntimeException e) {
            answer.completeExceptionally(e);
        }
    }

    private void next(
            Requester who,
            Iterator<InternalRaftRequest.Builder> changes,
            HttpAnswer done,
            CompletableFuture<HttpAnswer> answer) {
        if (!changes.hasNext()) {
            answer.complete(done);
            return;
        }
        InternalRaftRequest.Builder change = changes.next();
        if (!who.identity().username().isEmpty()) {
            change.getHeaderBuilder()
                    .setUsername(who.identity().username())
                    .setAuthRevision(who.identity().revision());
        }
        proposer.propose(change, new Completion<>() {
            @Override
            public void complete(MessageLite applied) {
                next(who, changes, done, answer);
            }

            @Override
            public void fail(EtcdError error) {
                answer.complete(answerTo(error));
            }
        });
    }

    /** What became true between the look at users and roles and the entry, or cannot be said in v2's words. */
    private static HttpAnswer answerTo(EtcdError error) {
        return switch (error) {
            case USER_EXISTS, ROLE_EXISTS, ROLE_NOT_GRANTED, PERMISSION_NOT_GRANTED ->
                Replies.refusal(AuthRefusal.conflict(error.message()));
            case USER_NOT_FOUND, ROLE_NOT_FOUND -> Replies.refusal(AuthRefusal.notFound(error.message()));
            case PASSWORD_TOO_LONG, NO_PASSWORD_USER, INVALID_AUTH_MANAGEMENT, USER_EMPTY, ROLE_EMPTY ->
                Replies.refusal(AuthRefusal.badRequest(error.message()));
            case PERMISSION_DENIED -> Replies.noCredentials();
            case TOO_MANY_REQUESTS -> Replies.refusal(503, error.message());
            default -> Replies.internalError(error);
        };
    }
}
