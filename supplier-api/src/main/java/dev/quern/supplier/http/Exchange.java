package dev.quern.supplier.http;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.openai.ErrorAnswer;
import dev.quern.supplier.http.openai.ErrorShape;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request and its answer. {@link #answer} and {@link #fail} may be called by any thread: they
 * go over to the event loop, and the first of them wins.
 */
final class Exchange {
  static final String JSON = "application/json";

  private static final List<String> RELAY_HEADERS =
      List.of("Pocket-Supplier", "Pocket-Service", "Pocket-Application");

  private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);

  private final HttpServerRequest request;
  private final HttpServerResponse response;
  private final Context context;

  // Touched by the event loop alone.
  private final List<Runnable> whenOver = new ArrayList<>();
  private final List<Runnable> whenDisconnected = new ArrayList<>();
  private boolean over;
  private volatile ErrorShape errorShape = ErrorShape.OPENAI;

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

  /** Whether a RelayMiner forwarded it: one says for which supplier, service or application. */
  boolean isRelay() {
    return RELAY_HEADERS.stream().anyMatch(request.headers()::contains);
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

  /** Whether the client has left or has its answer; a hint when asked off the event loop. */
  boolean isOver() {
    return response.closed() || response.ended();
  }

  void answer(int status, String contentType, byte[] body) {
    onEventLoop(
        () -> {
          if (isOver() || response.headWritten()) {
            return;
          }
          response
              .setStatusCode(status)
              .putHeader("Content-Type", contentType)
              .end(Buffer.buffer(body));
        });
  }

  void fail(Throwable error) {
    QuernException known = known(error);
    onEventLoop(
        () -> {
          if (isOver() || response.headWritten()) {
            return;
          }
          ErrorAnswer answer = ErrorAnswer.of(known, errorShape);
          answer
              .retryAfterSeconds()
              .ifPresent(seconds -> response.putHeader("Retry-After", String.valueOf(seconds)));
          if (answer.status() == 401) {
            response.putHeader("WWW-Authenticate", "Bearer");
          }
          answer(answer.status(), JSON, answer.body());
        });
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
