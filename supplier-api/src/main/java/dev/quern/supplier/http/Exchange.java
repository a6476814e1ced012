package dev.quern.supplier.http;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.openai.ErrorAnswer;
import dev.quern.supplier.http.openai.ErrorShape;
import dev.quern.supplier.relay.Relay;
import dev.quern.supplier.relay.SafeWords;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request and its answer. {@link #answer} and {@link #fail} may be called by any thread: they
 * go over to the event loop, and the first of them wins.
 */
final class Exchange {
  static final String JSON = "application/json";

  private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);

  private final HttpServerRequest request;
  private final HttpServerResponse response;
  private final Context context;

  // Touched by the event loop alone.
  private final List<Runnable> whenOver = new ArrayList<>();
  private final List<Runnable> whenDisconnected = new ArrayList<>();
  private boolean over;
  private volatile ErrorShape errorShape = ErrorShape.OPENAI;

  private @Nullable Runnable whenLate;

  /** Set on the event loop before the request is handed to anybody. */
  private @Nullable Relay relay;

  /** Of the event loop alone. */
  private @Nullable EarlyHead earlyHead;

  /** The status of a failure that came after the head; 0: none. Of the event loop alone. */
  private int failedUnderHead;

  /** Made on the event loop, before anything else touches the response. */
  Exchange(HttpServerRequest request, Context context) {
    this.request = request;
    this.response = request.response();
    this.context = context;
    response.endHandler(nothing -> end(false));
    response.closeHandler(nothing -> end(true));
    response.exceptionHandler(error -> end(true));
  }

  HttpServerRequest request() {
    return request;
  }

  /** Whether it asks for the head alone of what GET would answer. */
  boolean isHead() {
    return request.method().equals(HttpMethod.HEAD);
  }

  /** It has come through the network. */
  void becomes(Relay arrived) {
    relay = arrived;
  }

  /** Its head leaves before its answer is known, if that takes long; on the event loop. */
  void promised(EarlyHead head) {
    earlyHead = head;
  }

  /** Sends the head that was promised, if one was and it has not left; any thread. */
  void openHead() {
    onEventLoop(
        () -> {
          if (earlyHead != null) {
            earlyHead.open();
          }
        });
  }

  /** What came through the network, as such. */
  Optional<Relay> relay() {
    return Optional.ofNullable(relay);
  }

  /** An error's answer: to a relay in words that gateways do not count. */
  ErrorAnswer errorAnswer(QuernException error) {
    return ErrorAnswer.of(relay == null ? error : SafeWords.of(error), errorShape);
  }

  /** An answer whose head has left turns out to be this one; on the event loop, before its end. */
  void failsUnderHead(ErrorAnswer answer) {
    failedUnderHead = answer.status();
  }

  /** The answer's status, or that of a failure which came after the head; on the event loop. */
  int outcome() {
    return failedUnderHead == 0 ? response.getStatusCode() : failedUnderHead;
  }

  /** How errors are written from now on. */
  void errorShape(ErrorShape shape) {
    errorShape = shape;
  }

  /** For the event loop alone. */
  HttpServerResponse response() {
    return response;
  }

  Context context() {
    return context;
  }

  /** Runs when the answer has been sent or the client has left; on the event loop. */
  void whenOver(Runnable action) {
    whenOver.add(action);
  }

  /** Runs when the client leaves before the answer has been sent; on the event loop. */
  void whenDisconnected(Runnable action) {
    if (over) {
      action.run();
    } else {
      whenDisconnected.add(action);
    }
  }

  /** Runs instead of a refusal when the answer's time is over; on the event loop. */
  void whenLate(Runnable action) {
    whenLate = action;
  }

  /**
   * The answer's time is over: who makes it hears of that. When nobody has asked to, the work is
   * cancelled and refused with {@code error}.
   *
   * @return whether somebody heard of it
   */
  boolean expire(QuernException error) {
    if (whenLate != null) {
      whenLate.run();
      return true;
    }
    whenDisconnected.forEach(Runnable::run);
    fail(error);
    return false;
  }

  /** Whether the client has left or has its answer; a hint when asked off the event loop. */
  boolean isOver() {
    return response.closed() || response.ended();
  }

  void answer(int status, String contentType, byte[] body) {
    onEventLoop(
        () -> {
          if (endsEarlyHead(body) || isOver() || response.headWritten()) {
            return;
          }
          response.setStatusCode(status).putHeader("Content-Type", contentType);
          if (isHead()) {
            response.putHeader("Content-Length", String.valueOf(body.length)).end();
          } else {
            response.end(Buffer.buffer(body));
          }
        });
  }

  void fail(Throwable error) {
    QuernException known = known(error);
    onEventLoop(
        () -> {
          ErrorAnswer answer = errorAnswer(known);
          if (earlyHead != null && earlyHead.isOpen()) {
            failsUnderHead(answer);
          }
          if (endsEarlyHead(answer.body()) || isOver() || response.headWritten()) {
            return;
          }
          answer
              .retryAfterSeconds()
              .ifPresent(seconds -> response.putHeader("Retry-After", String.valueOf(seconds)));
          if (answer.status() == 401) {
            response.putHeader("WWW-Authenticate", "Bearer");
          }
          answer(answer.status(), JSON, answer.body());
        });
  }

  /** Ends an answer whose head has left early; false if none has. */
  private boolean endsEarlyHead(byte[] body) {
    if (earlyHead == null || !earlyHead.isOpen()) {
      return false;
    }
    if (!isOver()) {
      response.end(earlyHead.last(body));
    }
    return true;
  }

  /** As {@link #fail}, and the connection ends: what follows on it cannot be trusted. */
  void failAndClose(QuernException error) {
    onEventLoop(
        () -> {
          if (!isOver() && !response.headWritten()) {
            response.putHeader("Connection", "close");
          }
          fail(error);
        });
  }

  void onEventLoop(Runnable action) {
    if (io.vertx.core.Vertx.currentContext() == context) {
      action.run();
    } else {
      context.runOnContext(nothing -> action.run());
    }
  }

  private QuernException known(Throwable error) {
    QuernException known =
        error instanceof QuernException quern
            ? quern
            : new QuernException(ErrorCategory.INTERNAL, "Internal error.", error);
    if (known.category() == ErrorCategory.INTERNAL) {
      LOG.error("{} {} failed", request.method(), request.path(), known);
    }
    return known;
  }

  private void end(boolean disconnected) {
    if (over) {
      return;
    }
    over = true;
    if (disconnected) {
      whenDisconnected.forEach(Runnable::run);
    }
    whenOver.forEach(Runnable::run);
  }
}
