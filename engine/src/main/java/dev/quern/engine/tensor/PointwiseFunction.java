package dev.quern.engine.tensor;

/** Functions of single elements. */
public enum PointwiseFunction {
  IDENTITY,
  RELU,
  TANH,
  SIGMOID,
  /** {@code x * sigmoid(x)}. */
  SILU,
  /** GELU by the error function (arXiv 1606.08415). */
  GELU,
  /** GELU by its tanh approximation. */
  GELU_TANH
}
