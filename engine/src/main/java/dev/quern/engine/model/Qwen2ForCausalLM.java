package dev.quern.engine.model;

import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.AttentionOptions;
import dev.quern.engine.tensor.RopeTable;

/**
 * Qwen 2 (arXiv 2407.10671) and 2.5: Llama's layer with biases on queries, keys and values, and,
 * where {@code use_sliding_window} says so, sliding windows from layer {@code max_window_layers}
 * on.
 */
final class Qwen2ForCausalLM {
  private Qwen2ForCausalLM() {}

  static CausalModel load(FamilyContext context) {
    ModelConfig config = context.config();
    DecoderConfig shape = DecoderConfig.read(config, /* tiedByDefault= */ false);
    Activation activation = config.activation("hidden_act", "silu");
    int[] windows = slidingWindows(config, shape);

    RopeParameters rope = RopeParameters.read(config, shape, 10_000);
    int contextLength = context.contextLength(shape, rope.scaling());
    RopeTable table = rope.table(context.backend(), contextLength);

    return new DecoderModel(
        context,
        shape,
        contextLength,
        DecoderModel.Ends.PLAIN,
        (layer, weights) -> {
          Weights self = weights.under("self_attn");
          Attention attention =
              new Attention(
                  shape.heads(),
                  Attention.stackedProjection(self, shape, /* bias= */ true),
                  /* norms= */ null,
                  table,
                  new AttentionOptions(shape.attentionScale(), windows[layer], 0),
                  Attention.outputProjection(self, shape, /* bias= */ false));
          FeedForward feedForward =
              FeedForward.Gated.load(weights.under("mlp"), shape, activation, /* bias= */ false);
          return DecoderLayer.preNorm(weights, shape, attention, feedForward);
        });
  }

  /** The sliding window of each layer, 0 for none; as Qwen 2 and Qwen 3 state it. */
  static int[] slidingWindows(ModelConfig config, DecoderConfig shape) {
    int[] windows = new int[shape.layers()];
    if (!config.flag("use_sliding_window", false)) {
      return windows;
    }
    int window = config.positiveInt("sliding_window", 4096);
    int firstSliding = config.positiveInt("max_window_layers", 28);
    boolean[] sliding = shape.slidingLayers(config, layer -> layer >= firstSliding);
    for (int layer = 0; layer < windows.length; layer++) {
      windows[layer] = sliding[layer] ? window : 0;
    }
    return windows;
  }
}
