package dev.quern.supplier.http.generation;

import dev.quern.engine.generate.FinishReason;
import dev.quern.engine.generate.GenerationStats;

/** Hears of finished work, for metrics; called by worker threads. */
public interface GenerationObserver {
  void tokenGap(String model, double seconds);

  /** A sequence has ended; {@code reason} is what its client was told. */
  void finished(String model, FinishReason reason, GenerationStats stats);
}
