package dev.quern.engine.model;

import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.ExpertWeights;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.Tensor;
import java.util.List;

/** The part of a layer that sees each token alone. */
sealed interface FeedForward {
  /** {@code [tokens, hiddenSize]} to the same. */
  Tensor forward(Backend backend, Tensor x);

  /**
   * {@code (activation(x W_gate) * (x W_up)) W_down} (GLU variants, arXiv 2002.05202).
   *
   * @param gateUp {@code W_gate} stacked on {@code W_up}: {@code [2 * intermediate, hiddenSize]}
   * @param down {@code [hiddenSize, intermediate]}
   */
  record Gated(LinearWeight gateUp, LinearWeight down, Activation activation)
      implements FeedForward {
    @Override
    public Tensor forward(Backend backend, Tensor x) {
      return backend.linear(backend.gatedLinear(x, gateUp, activation), down);
    }

    /** Of {@code gate_proj}, {@code up_proj} and {@code down_proj}. */
    static Gated load(Weights weights, DecoderConfig config, Activation activation, boolean bias) {
      int intermediate = config.intermediateSize();
      return new Gated(
          weights.stacked(
              List.of(
                  new Weights.Part("gate_proj", intermediate),
                  new Weights.Part("up_proj", intermediate)),
              config.hiddenSize(),
              bias),
          weights.linear("down_proj", config.hiddenSize(), intermediate, bias),
          activation);
    }
  }

  /**
   * Sparse mixture of experts (arXiv 2401.04088): of all gated layers, the {@code topK} likeliest
   * by {@code softmax(x W_router)}, weighed by it.
   *
   * @param router {@code [experts, hiddenSize]}
   * @param normalise whether the chosen weights are scaled to sum to one
   */
  record Mixture(
      LinearWeight router,
      ExpertWeights experts,
      int topK,
      boolean normalise,
      Activation activation)
      implements FeedForward {
    @Override
    public Tensor forward(Backend backend, Tensor x) {
      return backend.experts(x, backend.linear(x, router), experts, topK, normalise, activation);
    }
  }
}
