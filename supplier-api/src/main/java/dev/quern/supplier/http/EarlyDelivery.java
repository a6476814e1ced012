package dev.quern.supplier.http;

import dev.quern.store.QuernException;
import dev.quern.supplier.http.generation.GenerationCall;
import dev.quern.supplier.http.openai.AnswerRenderer;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;

/**
 * One JSON body whose head leaves as soon as the engine has taken the request: RelayMiner waits no
 * more than 5 s for it. White space, which JSON allows before a value, then keeps the connection
 * alive. A refusal before that has its own status; a failure after it is the same error body under
 * the status 200 that has already left.
 */
final class EarlyDelivery implements GenerationCall.Delivery {
  /** PATH takes an answer for JSON that begins with this. */
  private static final Buffer BLANK = Buffer.buffer(" ");

  private final Exchange exchange;
  private final AnswerRenderer renderer;
  private final int keepAliveMillis;

  /** Touched by the call's worker alone. */
  private boolean opened;

  EarlyDelivery(Exchange exchange, AnswerRenderer renderer, int keepAliveMillis) {
    this.exchange = exchange;
    this.renderer = renderer;
    this.keepAliveMillis = keepAliveMillis;
  }

  @Override
  public void progressed(GenerationCall call) {
    if (call.done()) {
      byte[] body = renderer.whole(call.takeDeltas(), call.usage());
      if (opened) {
        end(body);
      } else {
        exchange.answer(200, Exchange.JSON, body);
      }
    } else if (!opened) {
      opened = true;
      exchange.onEventLoop(this::open);
    }
  }

  @Override
  public void failed(QuernException error) {
    if (opened) {
      end(exchange.errorAnswer(error).body());
    } else {
      exchange.fail(error);
    }
  }

  /** On the event loop. */
  private void open() {
    HttpServerResponse response = exchange.response();
    if (exchange.isOver()) {
      return;
    }
    response.setStatusCode(200).putHeader("Content-Type", Exchange.JSON).setChunked(true);
    response.write(BLANK);
    long timer =
        exchange
            .context()
            .owner()
            .setPeriodic(
                keepAliveMillis,
                id -> {
                  if (!exchange.isOver() && !response.writeQueueFull()) {
                    response.write(BLANK);
                  }
                });
    exchange.whenOver(() -> exchange.context().owner().cancelTimer(timer));
  }

  private void end(byte[] body) {
    exchange.onEventLoop(
        () -> {
          if (!exchange.isOver()) {
            exchange.response().end(Buffer.buffer(body));
          }
        });
  }
}
