package dev.quern.supplier.http;

import dev.quern.store.QuernException;
import dev.quern.supplier.http.generation.GenerationCall;
import dev.quern.supplier.http.openai.AnswerRenderer;

/** One JSON body when everything is done. */
final class WholeDelivery implements GenerationCall.Delivery {
  private final Exchange exchange;
  private final AnswerRenderer renderer;

  WholeDelivery(Exchange exchange, AnswerRenderer renderer) {
    this.exchange = exchange;
    this.renderer = renderer;
  }

  @Override
  public void progressed(GenerationCall call) {
    if (call.done()) {
      exchange.answer(200, Exchange.JSON, renderer.whole(call.takeDeltas(), call.usage()));
    }
  }

  @Override
  public void failed(QuernException error) {
    exchange.fail(error);
  }
}
