package dev.quern.engine.model;

import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.AttentionOptions;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.RopeTable;

/**
 * Mixtral (arXiv 2401.04088): Mistral's attention, and in place of the feed-forward layer a sparse
 * mixture of them whose chosen weights sum to one.
 */
final class MixtralForCausalLM {
  private static final Weights.ExpertNames EXPERT = new Weights.ExpertNames("w1", "w3", "w2");

  private MixtralForCausalLM() {}

  static CausalModel load(FamilyContext context) {
    ModelConfig config = context.config();
    DecoderConfig shape = DecoderConfig.read(config, /* tiedByDefault= */ false);
    Activation activation = config.activation("hidden_act", "silu");
    int experts = config.positiveInt("num_local_experts");
    int chosen = config.positiveInt("num_experts_per_tok", 2);
    if (chosen > experts) {
      throw config.error("num_experts_per_tok", "is " + chosen + " of " + experts + " experts");
    }
    AttentionOptions options =
        new AttentionOptions(shape.attentionScale(), config.positiveInt("sliding_window", 0), 0);

    RopeParameters rope = RopeParameters.read(config, shape, 1_000_000);
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
          Weights sparse = weights.under("block_sparse_moe");
          LinearWeight router =
              sparse.linear("gate", experts, shape.hiddenSize(), /* bias= */ false);
          FeedForward feedForward =
              new FeedForward.Mixture(
                  router,
                  sparse
                      .under("experts")
                      .experts(experts, EXPERT, shape.hiddenSize(), shape.intermediateSize()),
                  chosen,
                  /* normalise= */ true,
                  activation);
          return DecoderLayer.preNorm(weights, shape, attention, feedForward);
        });
  }
}
