package dev.quern.engine.generate;

import dev.quern.store.QuernException;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Bounds of one engine.
 *
 * @param name for logs
 * @param maxModelLength most tokens of prompt and output; absent: the checkpoint's, or what fits
 * @param maxNumSequences sequences that run together
 * @param maxNumBatchedTokens tokens of one step over all sequences
 * @param kvCacheBytes memory of the KV cache; absent: a share of what is free
 * @param maxWaiting most requests waiting for their first step; one more is refused
 */
public record EngineSettings(
    String name,
    OptionalInt maxModelLength,
    int maxNumSequences,
    int maxNumBatchedTokens,
    OptionalLong kvCacheBytes,
    int maxWaiting) {
  public EngineSettings {
    if (maxModelLength.isPresent() && maxModelLength.getAsInt() < 1) {
      throw QuernException.badRequest("max-model-len", "--max-model-len must be at least 1");
    }
    if (maxNumSequences < 1) {
      throw QuernException.badRequest("max-num-seqs", "--max-num-seqs must be at least 1");
    }
    if (maxNumBatchedTokens < maxNumSequences) {
      throw QuernException.badRequest(
          "max-num-batched-tokens",
          "--max-num-batched-tokens ("
              + maxNumBatchedTokens
              + ") must be at least --max-num-seqs ("
              + maxNumSequences
              + "): each running sequence computes a token a step");
    }
    if (kvCacheBytes.isPresent() && kvCacheBytes.getAsLong() < 1) {
      throw QuernException.badRequest("kv-cache-memory", "--kv-cache-memory must be positive");
    }
    if (maxWaiting < 1) {
      throw QuernException.badRequest("max-waiting", "--max-waiting must be at least 1");
    }
  }
}
