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
 */
public record ModelSettings(
    String device,
    Optional<DType> dtype,
    OptionalInt maxModelLength,
    int maxNumSequences,
    int maxNumBatchedTokens,
    OptionalLong kvCacheBytes,
    int maxWaiting,
    OptionalInt threads) {
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
}
