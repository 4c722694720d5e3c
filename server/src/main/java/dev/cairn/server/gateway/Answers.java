package dev.cairn.server.gateway;

import com.google.protobuf.Message;
import dev.cairn.server.http.HttpAnswer;
import dev.cairn.server.http.HttpStream;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The answers of calls as answers to HTTP requests. */
final class Answers {
    static final Status NOT_FOUND = Status.NOT_FOUND.withDescription("Not Found");
    static final Status METHOD_NOT_ALLOWED = Status.UNIMPLEMENTED.withDescription("Method Not Allowed");

    private static final String CONTENT_TYPE = "Content-Type";
    private static final String JSON = "application/json";
    private static final int OK = 200;

    private Answers() {}

    /** The answer to a call that failed before it said anything. */
    static HttpAnswer error(Status failure) {
        return withReason(HttpAnswer.of(httpStatus(failure.getCode()), JSON, MessageWriter.error(failure)), failure);
    }

    private static HttpAnswer withReason(HttpAnswer answer, Status failure) {
        String text = failure.getDescription();
        return failure.getCode() == Status.Code.UNAUTHENTICATED && text != null
                ? answer.with("WWW-Authenticate", text)
                : answer;
    }

    /** The answer of a service carries the type that its gRPC answer would have. */
    private static HttpAnswer fromService(HttpAnswer answer) {
        return answer.with("Grpc-Metadata-Content-Type", "application/grpc");
    }

    static int httpStatus(Status.Code code) {
        return switch (code) {
            case OK -> OK;
            case CANCELLED -> 499;
            case INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE -> 400;
            case DEADLINE_EXCEEDED -> 504;
            case NOT_FOUND -> 404;
            case ALREADY_EXISTS, ABORTED -> 409;
            case PERMISSION_DENIED -> 403;
            case UNAUTHENTICATED -> 401;
            case RESOURCE_EXHAUSTED -> 429;
            case UNIMPLEMENTED -> 501;
            case UNAVAILABLE -> 503;
            case UNKNOWN, INTERNAL, DATA_LOSS -> 500;
        };
    }

    /** The answer of a call with one. Confined to the event loop of the call. */
    static final class One implements GatewayCall.Output {
        private final CompletableFuture<HttpAnswer> answer;
        private @Nullable Message message;

        One(CompletableFuture<HttpAnswer> answer) {
            this.answer = answer;
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void message(Message response) {
            message = response;
        }

        @Override
        public void close(Status status) {
            Message response = message;
            if (!status.isOk() || response == null) {
                answer.complete(error(status.isOk() ? Status.INTERNAL : status));
            } else {
                answer.complete(fromService(HttpAnswer.of(OK, JSON, MessageWriter.answer(response))));
            }
        }
    }

    /** The answers of a stream, one a line. The head goes out with the first of them. Confined to the event loop of the call. */
    static final class Lines implements GatewayCall.Output, HttpStream {
        private final CompletableFuture<HttpAnswer> answer;
        private final List<byte[]> early = new ArrayList<>(1);
        private Runnable onWritable = () -> {};
        private volatile boolean headed;
        private boolean over;

        /** Also looked at by services on threads of their own. */
        private volatile @Nullable Sink sink;

        Lines(CompletableFuture<HttpAnswer> answer) {
            this.answer = answer;
        }

        /** To be told when the reader has caught up. */
        void whenWritable(Runnable task) {
            onWritable = task;
        }

        @Override
        public boolean isReady() {
            Sink open = sink;
            return open == null ? !headed : open.isWritable();
        }

        @Override
        public void message(Message response) {
            if (!headed) {
                head(fromService(HttpAnswer.streamed(OK, this).with(CONTENT_TYPE, JSON)));
            }
            write(MessageWriter.line(response));
        }

        @Override
        public void close(Status status) {
            if (!headed) {
                HttpAnswer head = HttpAnswer.streamed(httpStatus(status.getCode()), this);
                head(status.isOk() ? head : head.with(CONTENT_TYPE, JSON));
            }
            if (!status.isOk()) {
                write(MessageWriter.errorLine(status));
            }
            over = true;
            Sink open = sink;
            if (open != null) {
                open.end();
            }
        }

        private void head(HttpAnswer answered) {
            headed = true;
            answer.complete(answered);
        }

        private void write(byte[] line) {
            Sink open = sink;
            if (open != null) {
                open.write(line);
            } else {
                // Said before whoever sends the answer has come by: one line, or the end.
                early.add(line);
            }
        }

        @Override
        public void begin(Sink opened) {
            sink = opened;
            early.forEach(opened::write);
            early.clear();
            if (over) {
                opened.end();
            }
        }

        @Override
        public void onWritable() {
            onWritable.run();
        }
    }
}
