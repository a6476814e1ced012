package dev.quern.engine.tensor;

/** Gate functions of a gated feed-forward layer. */
public enum Activation {
  /** {@code x * sigmoid(x)}. */
  SILU,
  /** GELU by its tanh approximation (Hendrycks and Gimpel, arXiv 1606.08415). */
  GELU_TANH,
  /** GELU by the error function. */
  GELU
}
