package dev.quern.engine.runtime;

import dev.quern.engine.tensor.DType;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * How a model is to be loaded and scheduled; absent values are chosen from checkpoint and memory.
 *
 * @param device {@code auto}, {@code cpu} or {@code cuda:N}
 * @param maxNumBatchedTokens tokens of one step over all sequences
 * @param kvCacheBytes memory of the KV cache
 * @param maxWaiting most requests waiting; one more is refused
 * @param threads compute threads on the CPU
 * @param encoder what concerns encoders alone
 */
public record ModelSettings(
    String device,
    Optional<DType> dtype,
    OptionalInt maxModelLength,
    int maxNumSequences,
    int maxNumBatchedTokens,
    OptionalLong kvCacheBytes,
    int maxWaiting,
    OptionalInt threads,
    EncoderOptions encoder) {
  /** For language models. */
  public ModelSettings(
      String device,
      Optional<DType> dtype,
      OptionalInt maxModelLength,
      int maxNumSequences,
      int maxNumBatchedTokens,
      OptionalLong kvCacheBytes,
      int maxWaiting,
      OptionalInt threads) {
    this(
        device,
        dtype,
        maxModelLength,
        maxNumSequences,
        maxNumBatchedTokens,
        kvCacheBytes,
        maxWaiting,
        threads,
        EncoderOptions.defaults());
  }

  /** vLLM's defaults, scaled to a CPU's step time. */
  public static ModelSettings defaults() {
    return new ModelSettings(
        "auto",
        Optional.empty(),
        OptionalInt.empty(),
        64,
        2048,
        OptionalLong.empty(),
        1024,
        OptionalInt.empty());
  }

  public ModelSettings withDtype(DType chosen) {
    return new ModelSettings(
        device,
        Optional.of(chosen),
        maxModelLength,
        maxNumSequences,
        maxNumBatchedTokens,
        kvCacheBytes,
        maxWaiting,
        threads,
        encoder);
  }

  public ModelSettings withEncoder(EncoderOptions chosen) {
    return new ModelSettings(
        device,
        dtype,
        maxModelLength,
        maxNumSequences,
        maxNumBatchedTokens,
        kvCacheBytes,
        maxWaiting,
        threads,
        chosen);
  }
}
