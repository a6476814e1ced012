package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * One layer of a decoder. All norms are RMSNorms {@code [hiddenSize]}:
 *
 * <pre>
 *   h = x + afterAttention(Attention(beforeAttention(x)))
 *   y = h + afterFeedForward(FeedForward(beforeFeedForward(h)))
 * </pre>
 *
 * @param afterAttention null: none
 * @param afterFeedForward null: none
 */
record DecoderLayer(
    Tensor beforeAttention,
    Attention attention,
    @Nullable Tensor afterAttention,
    Tensor beforeFeedForward,
    FeedForward feedForward,
    @Nullable Tensor afterFeedForward) {

  /** The layer of Llama and most others: norms before each part and none after. */
  static DecoderLayer preNorm(
      Weights weights, DecoderConfig config, Attention attention, FeedForward feedForward) {
    int hiddenSize = config.hiddenSize();
    return new DecoderLayer(
        weights.norm("input_layernorm", hiddenSize, 0),
        attention,
        null,
        weights.norm("post_attention_layernorm", hiddenSize, 0),
        feedForward,
        null);
  }

  /** The layer of Gemma 2 and 3: norms by {@code 1 + w} before and after each part. */
  static DecoderLayer gemma(
      Weights weights, DecoderConfig config, Attention attention, FeedForward feedForward) {
    int hiddenSize = config.hiddenSize();
    return new DecoderLayer(
        weights.norm("input_layernorm", hiddenSize, 1),
        attention,
        weights.norm("post_attention_layernorm", hiddenSize, 1),
        weights.norm("pre_feedforward_layernorm", hiddenSize, 1),
        feedForward,
        weights.norm("post_feedforward_layernorm", hiddenSize, 1));
  }

  /** What attention adds to the residual stream, of {@code x} already normed. */
  Tensor attend(Step step, int layer, Tensor x, float epsilon) {
    return afterAttention(step.backend(), attention.forward(step, layer, x), epsilon);
  }

  /** What attention adds to the residual stream, of its own output. */
  Tensor afterAttention(Backend backend, Tensor attended, float epsilon) {
    return normed(backend, attended, afterAttention, epsilon);
  }

  /** What the feed-forward part adds to the residual stream, of {@code x} already normed. */
  Tensor feed(Backend backend, Tensor x, float epsilon) {
    return normed(backend, feedForward.forward(backend, x), afterFeedForward, epsilon);
  }

  private static Tensor normed(Backend backend, Tensor x, @Nullable Tensor norm, float epsilon) {
    return norm == null ? x : backend.rmsNorm(x, norm, epsilon);
  }
}
