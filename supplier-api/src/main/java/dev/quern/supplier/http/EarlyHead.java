package dev.quern.supplier.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.supplier.http.openai.Json;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import org.jspecify.annotations.Nullable;

/**
 * The head of a relay's answer, sent before the answer is known: RelayMiner waits no more than 5 s
 * for it. It leaves when the engine has the request, and at the latest when its time has come,
 * whatever the request still waits for: a queue, a template, a tokenizer, classes to be loaded.
 *
 * <p>White space, which JSON allows before a value, then keeps the connection alive. A refusal
 * before the head has its own status; later it is the same error body, or a stream's last event,
 * under the status 200 that has left.
 *
 * <p>Of the event loop alone, but for {@link #read}.
 */
final class EarlyHead {
  /** PATH takes an answer for JSON that begins with this. */
  private static final Buffer BLANK = Buffer.buffer(" ");

  private final Exchange exchange;
  private final int millis;

  /** The body until a worker has read it: whether it asks for a stream decides about the head. */
  private volatile byte @Nullable [] unread;

  private volatile boolean asksForStream;

  private boolean open;
  private @Nullable StreamFraming stream;

  private EarlyHead(Exchange exchange, byte[] body, int millis) {
    this.exchange = exchange;
    this.unread = body;
    this.millis = millis;
  }

  /**
   * Promises the head of an answer within {@code millis}; they are also between two pieces of white
   * space after it.
   */
  static EarlyHead promise(Exchange exchange, byte[] body, int millis) {
    EarlyHead head = new EarlyHead(exchange, body, millis);
    long timer = exchange.context().owner().setTimer(millis, id -> head.open());
    exchange.whenOver(() -> exchange.context().owner().cancelTimer(timer));
    exchange.promised(head);
    return head;
  }

  /** A worker has read the body; any thread. */
  void read(ObjectNode body) {
    asksForStream = body.path("stream").asBoolean();
    unread = null;
  }

  /** Sends the head unless it has left. */
  void open() {
    HttpServerResponse response = exchange.response();
    if (exchange.isOver() || response.headWritten()) {
      return;
    }
    open = true;
    if (asksForStream()) {
      stream = StreamFraming.accepted(exchange.request().getHeader("Accept"));
      stream.prepare(response);
      response.writeHead();
      return;
    }
    response.setStatusCode(200).putHeader("Content-Type", Exchange.JSON).setChunked(true);
    response.write(BLANK);
    long timer = exchange.context().owner().setPeriodic(millis, id -> keepAlive(response));
    exchange.whenOver(() -> exchange.context().owner().cancelTimer(timer));
  }

  /** Whether it has left before the answer. */
  boolean isOpen() {
    return open;
  }

  /** What ends an answer under this head. */
  Buffer last(byte[] body) {
    Buffer end = Buffer.buffer();
    if (stream == null) {
      end.appendBytes(body);
    } else {
      stream.append(end, body);
    }
    return end;
  }

  private void keepAlive(HttpServerResponse response) {
    if (!exchange.isOver() && !response.writeQueueFull()) {
      response.write(BLANK);
    }
  }

  private boolean asksForStream() {
    byte[] body = unread;
    return body == null ? asksForStream : Json.hasTrue(body, "stream");
  }
}
