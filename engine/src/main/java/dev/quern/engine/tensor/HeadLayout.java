package dev.quern.engine.tensor;

/**
 * How a fused projection {@code [tokens, (queryHeads + 2 * kvHeads) * headDim]} splits into q, k
 * and v.
 */
public record HeadLayout(int queryHeads, int kvHeads, int headDim) {
  public HeadLayout {
    if (queryHeads < 1 || kvHeads < 1 || headDim < 1 || queryHeads % kvHeads != 0) {
      throw new IllegalArgumentException(
          "heads " + queryHeads + " over kv heads " + kvHeads + ", head dim " + headDim);
    }
  }

  /** Query heads that share one key and value head. */
  public int group() {
    return queryHeads / kvHeads;
  }
}
