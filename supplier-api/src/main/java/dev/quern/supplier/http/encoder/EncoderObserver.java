package dev.quern.supplier.http.encoder;

import dev.quern.engine.embed.EncodingResult;
import dev.quern.store.QuernException;

/** Counts requests to encoders. Any thread; it must only count and return. */
public interface EncoderObserver {
  /** A request was understood and goes to its model. */
  void began(EncoderPlan plan);

  void finished(EncoderPlan plan, EncodingResult result);

  /**
   * A request was refused or failed.
   *
   * @param model the public name that metrics use; empty when it was refused before its model was
   *     known
   */
  void failed(String model, QuernException error);

  /** A request's work was left: its client has gone, or its time was over. */
  void cancelled(String model);
}
