package dev.quern.engine.model;

import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.AttentionOptions;
import dev.quern.engine.tensor.RopeTable;

/**
 * Mistral 7B (arXiv 2310.06825) and its successors: Llama's layer with every attention over a
 * sliding window, where {@code sliding_window} is not null.
 */
final class MistralForCausalLM {
  private static final int DEFAULT_WINDOW = 4096;

  private MistralForCausalLM() {}

  static CausalModel load(FamilyContext context) {
    ModelConfig config = context.config();
    DecoderConfig shape = DecoderConfig.read(config, /* tiedByDefault= */ false);
    Activation activation = config.activation("hidden_act", "silu");
    // Null means the whole context; absent means the first release's window.
    int window =
        config.has("sliding_window") ? config.positiveInt("sliding_window", 0) : DEFAULT_WINDOW;
    AttentionOptions options = new AttentionOptions(shape.attentionScale(), window, 0);

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
                  Attention.stackedProjection(self, shape, /* bias= */ false),
                  /* norms= */ null,
                  table,
                  options,
                  Attention.outputProjection(self, shape, /* bias= */ false));
          FeedForward feedForward =
              FeedForward.Gated.load(weights.under("mlp"), shape, activation, /* bias= */ false);
          return DecoderLayer.preNorm(weights, shape, attention, feedForward);
        });
  }
}
