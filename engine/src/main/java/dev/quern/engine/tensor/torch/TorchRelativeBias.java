package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.RelativeBias;

/**
 * @param table {@code [buckets, heads]}, the model's
 * @param buckets {@code [2 * maxTokens - 1]}, this one's
 */
record TorchRelativeBias(TorchArena arena, IValue table, IValue buckets, int maxTokens)
    implements RelativeBias {
  @Override
  public void close() {
    arena.close();
  }
}
