package dev.quern.engine.model;

import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.PointwiseFunction;
import dev.quern.engine.tensor.Tensor;

/** The part of an encoder's layer that sees each token alone, up to its last product. */
sealed interface EncoderFeedForward {
  /** {@code [tokens, hiddenSize]} to {@code [tokens, intermediate]}. */
  Tensor hidden(Backend backend, Tensor x);

  /** {@code [hiddenSize, intermediate]}. */
  LinearWeight down();

  /** {@code function(x W_up)}. */
  record Plain(LinearWeight up, PointwiseFunction function, LinearWeight down)
      implements EncoderFeedForward {
    @Override
    public Tensor hidden(Backend backend, Tensor x) {
      return backend.encoders().linear(x, up, function);
    }
  }

  /**
   * {@code activation(x W_gate) * (x W_up)} (arXiv 2002.05202).
   *
   * @param gateUp {@code W_gate} stacked on {@code W_up}
   */
  record Gated(LinearWeight gateUp, Activation activation, LinearWeight down)
      implements EncoderFeedForward {
    @Override
    public Tensor hidden(Backend backend, Tensor x) {
      return backend.gated(backend.linear(x, gateUp), activation);
    }
  }
}
