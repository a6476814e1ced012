package dev.quern.engine.tensor.torch;

import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.KvCacheShape;

/**
 * Two slabs a layer, {@code [blocks * blockSize, kvHeads, headDim]}: a run of neighbouring blocks
 * is a run of rows, which attention reads in place.
 */
record TorchKvCache(
    TorchArena arena, KvCacheShape shape, int blocks, IValue[] keys, IValue[] values)
    implements KvCache {
  @Override
  public void close() {
    arena.close();
  }
}
