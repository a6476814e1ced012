package dev.quern.supplier.http;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.openai.ApiException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Receives one body within bounds of length, of time, and of what all bodies hold together. On the
 * event loop.
 */
final class RequestBody {
  /** After a refusal this much more is read and dropped, so that the client can read the answer. */
  private static final long DISCARDED_BYTES = 64_000_000;

  private final Exchange exchange;
  private final HttpServerRequest request;
  private final long maxBytes;
  private final ServerLimits limits;
  private final AtomicLong allBodies;
  private final Buffer body = Buffer.buffer();
  private final long startedNanos = System.nanoTime();

  private long received;
  private long receivedAtLastCheck;
  private long reserved;
  private boolean over;

  private RequestBody(Exchange exchange, long maxBytes, ServerLimits limits, AtomicLong allBodies) {
    this.exchange = exchange;
    this.request = exchange.request();
    this.maxBytes = maxBytes;
    this.limits = limits;
    this.allBodies = allBodies;
  }

  /** A body and the memory it counts for until it is released, once, by any thread. */
  record Received(byte[] bytes, AtomicLong allBodies, long reserved) {
    void release() {
      allBodies.addAndGet(-reserved);
    }
  }

  /**
   * Receives a body; refuses by itself what breaks a bound.
   *
   * @param allBodies bytes of the bodies of all requests
   * @param whole gets the body, on the event loop
   */
  static void receive(
      Exchange exchange,
      long maxBytes,
      ServerLimits limits,
      AtomicLong allBodies,
      Consumer<Received> whole) {
    new RequestBody(exchange, maxBytes, limits, allBodies).receive(whole);
  }

  private void receive(Consumer<Received> whole) {
    String encoding = request.getHeader("Content-Encoding");
    if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
      refuse(
          ApiException.refused(
              415, "unsupported_encoding", "Compressed bodies are not taken; send it plain."));
      return;
    }
    exchange.whenOver(this::stop);
    request.handler(this::take);
    request.endHandler(
        nothing -> {
          if (!over) {
            over = true;
            Received result = new Received(body.getBytes(), allBodies, reserved);
            reserved = 0;
            whole.accept(result);
          }
        });
    if (declaredLength() > maxBytes) {
      refuse(tooLong());
      return;
    }
    if ("100-continue".equalsIgnoreCase(request.getHeader("Expect"))) {
      exchange.response().writeContinue();
    }
    checkProgressLater();
  }

  private long declaredLength() {
    String length = request.getHeader("Content-Length");
    try {
      return length == null ? 0 : Long.parseLong(length);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private void take(Buffer chunk) {
    received += chunk.length();
    if (over) {
      if (received > DISCARDED_BYTES) {
        request.connection().close();
      }
      return;
    }
    if (received > maxBytes) {
      refuse(tooLong());
      return;
    }
    reserved += chunk.length();
    if (allBodies.addAndGet(chunk.length()) > limits.bodiesInFlightBytes()) {
      refuse(
          new QuernException(
              ErrorCategory.OVERLOADED, "The server is busy receiving other requests."));
      return;
    }
    body.appendBuffer(chunk);
  }

  private void checkProgressLater() {
    exchange.context().owner().setTimer(limits.bodyStallMillis(), timer -> checkProgress());
  }

  private void checkProgress() {
    if (over) {
      return;
    }
    boolean late = System.nanoTime() - startedNanos > limits.bodyMillis() * 1_000_000;
    if (late || received == receivedAtLastCheck) {
      exchange.failAndClose(
          ApiException.refused(
              408, "request_timeout", "The rest of the body did not come in time."));
      stop();
      return;
    }
    receivedAtLastCheck = received;
    checkProgressLater();
  }

  private QuernException tooLong() {
    return ApiException.refused(
        413, "body_too_long", "The body is longer than the " + maxBytes + " bytes taken here.");
  }

  /** Answers at once, and goes on reading for a while: else the client would never see it. */
  private void refuse(QuernException error) {
    stop();
    exchange.fail(error);
    exchange
        .context()
        .owner()
        .setTimer(
            limits.bodyStallMillis(),
            timer -> {
              if (!request.isEnded()) {
                request.connection().close();
              }
            });
  }

  private void stop() {
    over = true;
    allBodies.addAndGet(-reserved);
    reserved = 0;
  }
}
