package dev.quern.engine.tensor;

/** What a model's paged KV cache holds per layer and token. */
public record KvCacheShape(int layers, int kvHeads, int headDim, DType dtype, int blockSize) {
  public KvCacheShape {
    if (layers < 1 || kvHeads < 1 || headDim < 1 || blockSize < 1 || !dtype.isFloating()) {
      throw new IllegalArgumentException(
          "not a KV cache: " + layers + " layers, " + kvHeads + " heads");
    }
  }

  /** Bytes of keys and values of all layers for one block of {@code blockSize} tokens. */
  public long bytesPerBlock() {
    return 2L * layers * kvHeads * headDim * dtype.bytes() * blockSize;
  }
}
