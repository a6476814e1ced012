package dev.quern.engine.runtime;

import dev.quern.engine.model.EncoderTask;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How an encoder is to be loaded and batched.
 *
 * @param task what the model is to do; empty: what its files say, which may be to generate
 * @param maxBatchTokens most tokens of one pass
 * @param tokenizerThreads absent: as many as processors, up to eight
 */
public record EncoderOptions(
    Optional<EncoderTask> task, int maxBatchTokens, OptionalInt tokenizerThreads) {
  private static final int MOST_UNASKED_THREADS = 8;

  /** TEI's defaults. */
  public static EncoderOptions defaults() {
    return new EncoderOptions(Optional.empty(), 16_384, OptionalInt.empty());
  }

  public EncoderOptions withTask(EncoderTask chosen) {
    return new EncoderOptions(Optional.of(chosen), maxBatchTokens, tokenizerThreads);
  }

  int threads() {
    return tokenizerThreads.orElse(
        Math.min(MOST_UNASKED_THREADS, Runtime.getRuntime().availableProcessors()));
  }
}
