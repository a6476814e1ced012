package dev.quern.engine.model;

import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.KvCacheShape;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.engine.tensor.Tensor;

/**
 * A decoder-only language model with its weights on a device. Used on the device's thread alone;
 * the caller opens the workspace and owns the KV cache. Frees its weights at close.
 */
public interface CausalModel extends AutoCloseable {
  /** The checkpoint's architecture name, e.g. {@code LlamaForCausalLM}. */
  String architecture();

  int vocabularySize();

  /** Most tokens of one sequence: what it was loaded for, else what the checkpoint states. */
  int maxContextLength();

  DType dtype();

  long parameters();

  MemoryUse memoryUse();

  KvCacheShape kvCacheShape(int blockSize);

  /**
   * Runs one step.
   *
   * @return {@code [logitRows, vocabularySize]}, owned by the current workspace
   */
  default Tensor forward(ForwardBatch batch, KvCache cache) {
    return forward(batch, cache, PassGuard.ALWAYS);
  }

  /**
   * Runs one step while the guard lets it go on.
   *
   * @return {@code [logitRows, vocabularySize]}, owned by the current workspace
   * @throws PassAbandonedException when the guard ended it
   */
  Tensor forward(ForwardBatch batch, KvCache cache, PassGuard guard);

  @Override
  void close();
}
