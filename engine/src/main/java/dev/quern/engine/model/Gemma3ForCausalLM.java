package dev.quern.engine.model;

import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.AttentionOptions;
import dev.quern.engine.tensor.Pooling;
import dev.quern.engine.tensor.RopeTable;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Gemma 3's text model (arXiv 2503.19786): Gemma 2's layer with an RMSNorm on each head's query and
 * key in place of the cap on scores, five windowed layers to one that sees the whole context, and a
 * rotary base for each kind. Scaling of positions is the global layers' alone, unless stated for
 * both.
 */
final class Gemma3ForCausalLM {
  private static final double GLOBAL_THETA = 1_000_000;
  private static final double LOCAL_THETA = 10_000;

  private Gemma3ForCausalLM() {}

  static CausalModel load(FamilyContext context) {
    Gemma2ForCausalLM.refuseBidirectional(context.config());
    return new DecoderModel(context, stack(context));
  }

  /** EmbeddingGemma (arXiv 2509.20354), which sees whole texts; or a causal one. */
  static EncoderStack encoder(FamilyContext context) {
    boolean bidirectional = context.config().flag("use_bidirectional_attention", false);
    return DecoderEncoder.load(context, stack(context), bidirectional, Pooling.MEAN);
  }

  private static DecoderStack stack(FamilyContext context) {
    ModelConfig config = context.config();
    DecoderConfig shape =
        DecoderConfig.read(
            config, /* tiedByDefault= */ true, OptionalInt.of(Gemma2ForCausalLM.DEFAULT_HEAD_DIM));
    boolean bias = config.flag("attention_bias", false);
    Activation activation = config.activation("hidden_activation", "gelu_pytorch_tanh");
    float scale = Gemma2ForCausalLM.attentionScale(config);
    int window = config.positiveInt("sliding_window", 4096);
    int pattern = config.positiveInt("sliding_window_pattern", 6);
    boolean[] sliding = shape.slidingLayers(config, layer -> (layer + 1) % pattern != 0);

    RopeParameters globalRope = globalRope(config, shape);
    int contextLength = context.contextLength(shape, globalRope.scaling());
    RopeTable globalTable = globalRope.table(context.backend(), contextLength);
    RopeTable localTable = localRope(config, shape).table(context.backend(), contextLength);

    return new DecoderStack(
        shape,
        contextLength,
        Gemma2ForCausalLM.ends(
            context, shape, Gemma2ForCausalLM.cap(config, "final_logit_softcapping", 0)),
        (layer, weights) -> {
          Weights self = weights.under("self_attn");
          Attention attention =
              new Attention(
                  shape.heads(),
                  Attention.stackedProjection(self, shape, bias),
                  Attention.headNorms(self, shape, /* offset= */ 1),
                  sliding[layer] ? localTable : globalTable,
                  new AttentionOptions(scale, sliding[layer] ? window : 0, 0),
                  Attention.outputProjection(self, shape, bias));
          FeedForward feedForward =
              FeedForward.Gated.load(weights.under("mlp"), shape, activation, /* bias= */ false);
          return DecoderLayer.gemma(weights, shape, attention, feedForward);
        },
        List.of(globalTable, localTable));
  }

  private static RopeParameters globalRope(ModelConfig config, DecoderConfig shape) {
    Optional<ModelConfig> stated = config.object("rope_scaling").filter(rope -> !rope.isEmpty());
    ModelConfig rope = stated.or(() -> ropeOf(config, "full_attention")).orElse(config);
    double theta = config.positiveNumber("rope_theta", GLOBAL_THETA);
    return RopeParameters.read(config, rope, shape, rope.positiveNumber("rope_theta", theta));
  }

  private static RopeParameters localRope(ModelConfig config, DecoderConfig shape) {
    double theta = config.positiveNumber("rope_local_base_freq", LOCAL_THETA);
    return ropeOf(config, "sliding_attention")
        .map(
            rope ->
                RopeParameters.read(config, rope, shape, rope.positiveNumber("rope_theta", theta)))
        .orElseGet(() -> RopeParameters.unscaled(theta, shape.heads().headDim()));
  }

  /** The rotary parameters of one kind of layer, in transformers 5's spelling. */
  private static Optional<ModelConfig> ropeOf(ModelConfig config, String layerType) {
    return config.object("rope_parameters").flatMap(parameters -> parameters.object(layerType));
  }
}
