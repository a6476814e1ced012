package dev.quern.supplier.http;

import dev.quern.store.QuernException;
import dev.quern.supplier.http.generation.GenerationCall;
import dev.quern.supplier.http.openai.AnswerRenderer;

/** One JSON body whose head leaves as soon as the engine has taken the request. */
final class EarlyDelivery implements GenerationCall.Delivery {
  private final Exchange exchange;
  private final AnswerRenderer renderer;

  /** Touched by the call's worker alone. */
  private boolean opened;

  EarlyDelivery(Exchange exchange, AnswerRenderer renderer) {
    this.exchange = exchange;
    this.renderer = renderer;
  }

  @Override
  public void progressed(GenerationCall call) {
    if (call.done()) {
      exchange.answer(200, Exchange.JSON, renderer.whole(call.takeDeltas(), call.usage()));
    } else if (!opened) {
      opened = true;
      exchange.openHead();
    }
  }

  @Override
  public void failed(QuernException error) {
    exchange.fail(error);
  }
}
