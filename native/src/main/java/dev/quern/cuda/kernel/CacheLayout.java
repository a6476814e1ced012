package dev.quern.cuda.kernel;

import dev.quern.cuda.DeviceBuffer;

/**
 * Heads, and one layer's paged cache.
 *
 * @param keys {@code [blocks, kvHeads, blockSize, headDim]}, likewise values
 * @param headDim a multiple of 8, at most 256
 */
public record CacheLayout(
    DeviceBuffer keys,
    DeviceBuffer values,
    int queryHeads,
    int kvHeads,
    int headDim,
    int blocks,
    int blockSize) {
  /** The widest head that the attention kernels take. */
  public static final int MOST_HEAD_DIM = 256;

  public CacheLayout {
    Shapes.requireVectors("head size", headDim);
    if (headDim > MOST_HEAD_DIM || kvHeads < 1 || queryHeads < 1 || queryHeads % kvHeads != 0) {
      throw new IllegalArgumentException(
          queryHeads
              + " query heads over "
              + kvHeads
              + " kv heads of "
              + headDim
              + "; the kernels take heads up to "
              + MOST_HEAD_DIM);
    }
    if (blocks < 1 || blockSize < 1) {
      throw new IllegalArgumentException(blocks + " blocks of " + blockSize);
    }
  }

  /** Query heads that share one key and value head. */
  int group() {
    return queryHeads / kvHeads;
  }

  void requireBytes(ElementType type) {
    long elements = (long) blocks * kvHeads * blockSize * headDim;
    Shapes.requireBytes("keys", keys, elements, type.bytes());
    Shapes.requireBytes("values", values, elements, type.bytes());
  }
}
