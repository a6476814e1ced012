package dev.quern.store;

/**
 * What has to be done to a tensor's stored elements, once they are numbers, for them to be those of
 * the model that its family's paper and code describe.
 */
public sealed interface StoredForm {
  /** Nothing. */
  StoredForm AS_IS = new AsIs();

  /** The stored elements are the model's. */
  record AsIs() implements StoredForm {}

  /**
   * Rows of a projection to {@code heads} heads, where llama.cpp stores the rotated pairs side by
   * side: stored row {@code 2 i + j} of a head is the model's row {@code j * headDim / 2 + i}.
   */
  record InterleavedHeads(int heads) implements StoredForm {
    public InterleavedHeads {
      if (heads < 1) {
        throw new IllegalArgumentException(heads + " heads");
      }
    }
  }

  /** {@code addend} must be added to every element. */
  record Shifted(float addend) implements StoredForm {}

  /**
   * Every element must be multiplied by the scale of its tile.
   *
   * @param scales one scale for each tile of {@code tileRows x tileColumns}, row-major; the last
   *     tiles may be cut off by the tensor's edge
   */
  record Scaled(TensorEntry scales, long tileRows, long tileColumns) implements StoredForm {
    public Scaled {
      if (tileRows < 1 || tileColumns < 1) {
        throw new IllegalArgumentException("tiles of " + tileRows + " x " + tileColumns);
      }
    }
  }
}
