package dev.quern.engine.model;

import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.AttentionOptions;
import dev.quern.engine.tensor.RopeTable;

/**
 * Phi 3 (arXiv 2404.14219) and Phi 4 (arXiv 2412.08905, 2503.01743): Llama's layer, stored with
 * query, key and value in one tensor and gate and up in another; LongRoPE in the long variants, and
 * in Phi 4 mini heads that are rotated in part.
 */
final class Phi3ForCausalLM {
  private Phi3ForCausalLM() {}

  static CausalModel load(FamilyContext context) {
    ModelConfig config = context.config();
    DecoderConfig shape = DecoderConfig.read(config, /* tiedByDefault= */ false);
    Activation activation = config.activation("hidden_act", "silu");
    int hiddenSize = shape.hiddenSize();
    int intermediate = shape.intermediateSize();
    AttentionOptions options =
        new AttentionOptions(shape.attentionScale(), config.positiveInt("sliding_window", 0), 0);

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
          Weights mlp = weights.under("mlp");
          int projected = shape.queryWidth() + 2 * shape.kvWidth();
          Attention attention =
              new Attention(
                  shape.heads(),
                  self.linear("qkv_proj", projected, hiddenSize, /* bias= */ false),
                  /* norms= */ null,
                  table,
                  options,
                  Attention.outputProjection(self, shape, /* bias= */ false));
          FeedForward feedForward =
              new FeedForward.Gated(
                  mlp.linear("gate_up_proj", 2L * intermediate, hiddenSize, /* bias= */ false),
                  mlp.linear("down_proj", hiddenSize, intermediate, /* bias= */ false),
                  activation);
          return DecoderLayer.preNorm(weights, shape, attention, feedForward);
        });
  }
}
