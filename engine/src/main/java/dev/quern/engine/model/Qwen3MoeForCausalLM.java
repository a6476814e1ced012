package dev.quern.engine.model;

import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.AttentionOptions;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.RopeTable;
import java.util.List;

/**
 * Qwen 3's sparse models (arXiv 2505.09388): Qwen 3's attention, and mixtures of experts in every
 * {@code decoder_sparse_step}th layer but those of {@code mlp_only_layers}, which keep one
 * feed-forward layer.
 */
final class Qwen3MoeForCausalLM {
  private static final Weights.ExpertNames EXPERT =
      new Weights.ExpertNames("gate_proj", "up_proj", "down_proj");

  /** How the sparse layers are made. */
  private record Experts(int experts, int chosen, boolean normalise, int intermediateSize) {
    static Experts read(ModelConfig config) {
      int experts =
          config.positiveInt(config.has("num_experts") ? "num_experts" : "num_local_experts");
      int chosen = config.positiveInt("num_experts_per_tok", 8);
      if (chosen > experts) {
        throw config.error("num_experts_per_tok", "is " + chosen + " of " + experts + " experts");
      }
      return new Experts(
          experts,
          chosen,
          config.flag("norm_topk_prob", false),
          config.positiveInt("moe_intermediate_size"));
    }
  }

  private Qwen3MoeForCausalLM() {}

  static CausalModel load(FamilyContext context) {
    ModelConfig config = context.config();
    DecoderConfig shape = DecoderConfig.read(config, /* tiedByDefault= */ false);
    Experts experts = Experts.read(config);
    boolean bias = config.flag("attention_bias", false);
    Activation activation = config.activation("hidden_act", "silu");
    List<Integer> denseLayers = config.layerNumbers("mlp_only_layers");
    int sparseStep = config.positiveInt("decoder_sparse_step", 1);
    int window =
        config.flag("use_sliding_window", false) ? config.positiveInt("sliding_window", 4096) : 0;
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
                  Attention.stackedProjection(self, shape, bias),
                  Attention.headNorms(self, shape, /* offset= */ 0),
                  table,
                  options,
                  Attention.outputProjection(self, shape, bias));
          Weights mlp = weights.under("mlp");
          boolean sparse = !denseLayers.contains(layer) && (layer + 1) % sparseStep == 0;
          FeedForward feedForward =
              sparse
                  ? mixture(mlp, shape, experts, activation)
                  : FeedForward.Gated.load(mlp, shape, activation, /* bias= */ false);
          return DecoderLayer.preNorm(weights, shape, attention, feedForward);
        });
  }

  private static FeedForward mixture(
      Weights mlp, DecoderConfig shape, Experts experts, Activation activation) {
    int hiddenSize = shape.hiddenSize();
    LinearWeight router = mlp.linear("gate", experts.experts(), hiddenSize, /* bias= */ false);
    return new FeedForward.Mixture(
        router,
        mlp.under("experts")
            .experts(experts.experts(), EXPERT, hiddenSize, experts.intermediateSize()),
        experts.chosen(),
        experts.normalise(),
        activation);
  }
}
