package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.RelativeBias;

/**
 * @param table {@code [buckets, heads]}, in the type that the model computes in
 * @param buckets {@code [2 * maxTokens - 1]}
 */
record TorchRelativeBias(TorchArena arena, IValue table, IValue buckets, int maxTokens)
    implements RelativeBias {
  @Override
  public void close() {
    arena.close();
  }
}
