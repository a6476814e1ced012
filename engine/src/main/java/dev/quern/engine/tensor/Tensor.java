package dev.quern.engine.tensor;

/**
 * A dense row-major array on a device. A backend's own class; models only pass it on.
 *
 * <p>Ownership: what {@link WeightLoader} returns lives until the loader's model is closed; what an
 * operation returns belongs to the current {@link Workspace} and dies with it. Used on the device's
 * thread alone.
 */
public interface Tensor {
  DType dtype();

  /** Sizes, outermost first; do not modify. */
  long[] shape();

  /** Size of dimension {@code dimension}; negative counts from the last. */
  default long size(int dimension) {
    long[] shape = shape();
    return shape[dimension < 0 ? shape.length + dimension : dimension];
  }
}
