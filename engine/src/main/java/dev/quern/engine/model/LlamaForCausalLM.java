package dev.quern.engine.model;

import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.AttentionOptions;
import dev.quern.engine.tensor.RopeTable;

/**
 * Llama 2 (arXiv 2307.09288), Llama 3 (arXiv 2407.21783), and what has their form, such as SmolLM2:
 * norms before each part, grouped queries, a gated feed-forward layer.
 *
 * <pre>
 *   h = x + Attention(RMSNorm(x))
 *   y = h + (silu(n W_gate) * (n W_up)) W_down,   n = RMSNorm(h)
 * </pre>
 */
final class LlamaForCausalLM {
  private LlamaForCausalLM() {}

  static CausalModel load(FamilyContext context) {
    ModelConfig config = context.config();
    DecoderConfig shape = DecoderConfig.read(config, /* tiedByDefault= */ false);
    boolean attentionBias = config.flag("attention_bias", false);
    boolean feedForwardBias = config.flag("mlp_bias", false);
    Activation activation = config.activation("hidden_act", "silu");
    AttentionOptions options = new AttentionOptions(shape.attentionScale(), 0, 0);

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
                  Attention.stackedProjection(self, shape, attentionBias),
                  /* norms= */ null,
                  table,
                  options,
                  Attention.outputProjection(self, shape, attentionBias));
          FeedForward feedForward =
              FeedForward.Gated.load(weights.under("mlp"), shape, activation, feedForwardBias);
          return DecoderLayer.preNorm(weights, shape, attention, feedForward);
        });
  }
}
