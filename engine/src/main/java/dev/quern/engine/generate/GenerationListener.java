package dev.quern.engine.generate;

import dev.quern.store.QuernException;
import java.util.List;

/**
 * Hears of one request's progress, in order, on the step thread: it must only hand over and return.
 * Exactly one of {@link #onFinished} and {@link #onFailed} comes, last.
 */
public interface GenerationListener {
  /**
   * The first step of this request has been scheduled; {@code cachedTokens} came from the prefix
   * cache.
   */
  void onStarted(int cachedTokens);

  /** Scores of prompt tokens 1.. in order, once, when prompt log-probabilities were asked for. */
  void onPromptScored(List<SampledToken> tokens);

  /** A token was sampled; the stop token that ends the sequence comes here too, before the end. */
  void onToken(SampledToken token);

  void onFinished(FinishReason reason, GenerationStats stats);

  void onFailed(QuernException error);
}
