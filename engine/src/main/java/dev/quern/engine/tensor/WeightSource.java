package dev.quern.engine.tensor;

import dev.quern.store.TensorEntry;

/**
 * Rows {@code [firstRow, firstRow + rows)} of a checkpoint tensor's outermost dimension, so that a
 * model can take a fused tensor apart or one expert out of a stack without copying.
 */
public record WeightSource(TensorEntry entry, long firstRow, long rows) {
  public WeightSource {
    if (entry.shape().isEmpty()
        || firstRow < 0
        || rows < 1
        || firstRow + rows > entry.shape().get(0)) {
      throw new IllegalArgumentException(
          "rows " + firstRow + "+" + rows + " of " + entry.name() + " " + entry.shape());
    }
  }

  /** The whole tensor. */
  public static WeightSource of(TensorEntry entry) {
    return new WeightSource(entry, 0, entry.shape().get(0));
  }
}
