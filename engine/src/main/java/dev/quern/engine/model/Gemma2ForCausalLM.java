package dev.quern.engine.model;

import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.AttentionOptions;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.RopeTable;
import java.util.OptionalInt;

/**
 * Gemma 2 (arXiv 2408.00118): norms by {@code 1 + w} before and after each part, attention over a
 * sliding window and over the whole context by turns, and soft caps on scores and logits.
 *
 * <pre>
 *   x_0 = sqrt(hiddenSize) * Embedding(tokens)
 *   h = x + RMSNorm(Attention(RMSNorm(x)))      scores: cap * tanh(q k^T / (sqrt(scalar) * cap))
 *   y = h + RMSNorm((gelu(n W_gate) * (n W_up)) W_down),   n = RMSNorm(h)
 * </pre>
 */
final class Gemma2ForCausalLM {
  static final int DEFAULT_HEAD_DIM = 256;

  private Gemma2ForCausalLM() {}

  static CausalModel load(FamilyContext context) {
    ModelConfig config = context.config();
    refuseBidirectional(config);
    DecoderConfig shape =
        DecoderConfig.read(config, /* tiedByDefault= */ true, OptionalInt.of(DEFAULT_HEAD_DIM));
    boolean bias = config.flag("attention_bias", false);
    Activation activation = config.activation("hidden_activation", "gelu_pytorch_tanh");
    float scale = attentionScale(config);
    float scoreCap = cap(config, "attn_logit_softcapping", 50);
    int window = config.positiveInt("sliding_window", 4096);
    boolean[] sliding = shape.slidingLayers(config, layer -> layer % 2 == 0);

    RopeParameters rope = RopeParameters.read(config, shape, 10_000);
    int contextLength = context.contextLength(shape, rope.scaling());
    RopeTable table = rope.table(context.backend(), contextLength);

    return new DecoderModel(
        context,
        shape,
        contextLength,
        ends(context, shape, cap(config, "final_logit_softcapping", 30)),
        (layer, weights) -> {
          Weights self = weights.under("self_attn");
          Attention attention =
              new Attention(
                  shape.heads(),
                  Attention.stackedProjection(self, shape, bias),
                  /* norms= */ null,
                  table,
                  new AttentionOptions(scale, sliding[layer] ? window : 0, scoreCap),
                  Attention.outputProjection(self, shape, bias));
          FeedForward feedForward =
              FeedForward.Gated.load(weights.under("mlp"), shape, activation, /* bias= */ false);
          return DecoderLayer.gemma(weights, shape, attention, feedForward);
        });
  }

  /** {@code 1 / sqrt(query_pre_attn_scalar)}. */
  static float attentionScale(ModelConfig config) {
    return (float) (1 / Math.sqrt(config.positiveNumber("query_pre_attn_scalar", 256)));
  }

  /** A cap that may be null for none; {@code fallback} where the key is absent. */
  static float cap(ModelConfig config, String key, float fallback) {
    return config.has(key) ? (float) config.positiveNumber(key, 0) : fallback;
  }

  /** Embeddings times {@code sqrt(hiddenSize)}, a final norm by {@code 1 + w} and capped logits. */
  static DecoderModel.Ends ends(FamilyContext context, DecoderConfig shape, float logitCap) {
    float scale = (float) Math.sqrt(shape.hiddenSize());
    return new DecoderModel.Ends(rounded(scale, context.loader().dtype()), 1, logitCap);
  }

  /** Gemma was trained with the factor in the weights' type, in bf16 55.5 for sqrt(3072). */
  private static float rounded(float x, DType dtype) {
    return switch (dtype) {
      case BF16 -> roundedToBf16(x);
      case F16 -> Float.float16ToFloat(Float.floatToFloat16(x));
      default -> x;
    };
  }

  /** To the nearest bf16, ties to even; {@code x} is finite. */
  private static float roundedToBf16(float x) {
    int bits = Float.floatToRawIntBits(x);
    int tie = 0x7fff + ((bits >>> 16) & 1);
    return Float.intBitsToFloat((bits + tie) & 0xffff0000);
  }

  static void refuseBidirectional(ModelConfig config) {
    if (config.flag("use_bidirectional_attention", false)) {
      throw config.error(
          "use_bidirectional_attention",
          "is true: this is an embedding model, which does not generate; use a causal one");
    }
  }
}
