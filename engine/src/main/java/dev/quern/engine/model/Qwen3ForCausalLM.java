package dev.quern.engine.model;

import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.AttentionOptions;
import dev.quern.engine.tensor.Pooling;
import dev.quern.engine.tensor.RopeTable;
import java.util.List;
import java.util.OptionalInt;

/**
 * Qwen 3 (arXiv 2505.09388): Llama's layer with an RMSNorm on each head's query and key before
 * rotation, and heads whose size is stated apart; windows as in {@link Qwen2ForCausalLM}.
 */
final class Qwen3ForCausalLM {
  private static final int DEFAULT_HEAD_DIM = 128;

  private Qwen3ForCausalLM() {}

  static CausalModel load(FamilyContext context) {
    return new DecoderModel(context, stack(context));
  }

  /** The last token has seen the whole text and stands for it (arXiv 2506.05176, section 2). */
  static EncoderStack encoder(FamilyContext context) {
    return DecoderEncoder.load(
        context, stack(context), /* bidirectional= */ false, Pooling.LAST_TOKEN);
  }

  private static DecoderStack stack(FamilyContext context) {
    ModelConfig config = context.config();
    DecoderConfig shape =
        DecoderConfig.read(config, /* tiedByDefault= */ false, OptionalInt.of(DEFAULT_HEAD_DIM));
    boolean bias = config.flag("attention_bias", false);
    Activation activation = config.activation("hidden_act", "silu");
    int[] windows = Qwen2ForCausalLM.slidingWindows(config, shape);

    RopeParameters rope = RopeParameters.read(config, shape, 10_000);
    int contextLength = context.contextLength(shape, rope.scaling());
    RopeTable table = rope.table(context.backend(), contextLength);

    return new DecoderStack(
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
                  new AttentionOptions(shape.attentionScale(), windows[layer], 0),
                  Attention.outputProjection(self, shape, bias));
          FeedForward feedForward =
              FeedForward.Gated.load(weights.under("mlp"), shape, activation, /* bias= */ false);
          return DecoderLayer.preNorm(weights, shape, attention, feedForward);
        },
        List.of(table));
  }
}
