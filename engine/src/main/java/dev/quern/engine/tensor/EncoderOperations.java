package dev.quern.engine.tensor;

import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What models need that read whole texts at once, beside the operations of {@link Backend}: same
 * thread, same workspaces, same packed shapes. Texts of a batch do not see each other.
 */
public interface EncoderOperations {
  EncoderBatch upload(PackedTokens tokens);

  /**
   * The parameters of a LayerNorm.
   *
   * @param weight {@code [hiddenSize]}, of {@link WeightLoader#norm}
   * @param bias likewise; null: none
   */
  record LayerNorm(Tensor weight, @Nullable Tensor bias, float epsilon) {}

  /** {@code (x - mean(x)) / sqrt(var(x) + epsilon) * weight + bias} (arXiv 1607.06450). */
  Tensor layerNorm(Tensor x, LayerNorm norm);

  /** {@code layerNorm(residual + x W^T + b)}: the end of either part of a post-norm layer. */
  Tensor linearAddNorm(Tensor x, LinearWeight weight, Tensor residual, LayerNorm norm);

  /** {@code residual + x W^T + b}. */
  Tensor linearAdd(Tensor x, LinearWeight weight, Tensor residual);

  /** {@code function(x W^T + b)}. */
  Tensor linear(Tensor x, LinearWeight weight, PointwiseFunction function);

  /**
   * What each token of a text sees.
   *
   * @param scale factor on q k^T
   * @param before a token sees at most so many tokens before it
   * @param after and so many after it; 0: causal
   */
  record Visibility(float scale, int before, int after) {
    /** No limit on {@link #before} or {@link #after}. */
    public static final int ALL = Integer.MAX_VALUE;

    public Visibility {
      if (before < 0 || after < 0) {
        throw new IllegalArgumentException(before + " before, " + after + " after");
      }
    }

    /** The whole text. */
    public static Visibility full(float scale) {
      return new Visibility(scale, ALL, ALL);
    }
  }

  /**
   * Positions as attention sees them; all may be absent.
   *
   * @param norms RMSNorm of each head's query and key, before rotation
   * @param rope at {@link PackedTokens#positions}
   * @param bias added to scaled scores
   */
  record AttentionPositions(
      Backend.@Nullable HeadNorms norms, @Nullable RopeTable rope, @Nullable RelativeBias bias) {
    public static final AttentionPositions NONE = new AttentionPositions(null, null, null);

    public static AttentionPositions rotary(RopeTable rope) {
      return new AttentionPositions(null, rope, null);
    }
  }

  /**
   * Self-attention inside each text.
   *
   * @param qkv {@code [tokens, (queryHeads + 2 * kvHeads) * headDim]}
   * @return {@code [tokens, queryHeads * headDim]}
   */
  Tensor attention(
      Tensor qkv,
      HeadLayout heads,
      Visibility visibility,
      AttentionPositions positions,
      EncoderBatch batch);

  /**
   * Brings a relative position bias to the device.
   *
   * @param table {@code [buckets, heads]}
   * @param buckets bucket of each distance, key's position less query's, from {@code -(maxTokens -
   *     1)} to {@code maxTokens - 1}
   */
  RelativeBias relativeBias(Tensor table, int[] buckets);

  /**
   * One vector a text of {@code x [tokens, hiddenSize]}, prompts left out: {@code [texts,
   * hiddenSize]} in fp32.
   */
  Tensor pool(Tensor x, Pooling pooling, EncoderBatch batch);

  /** Columns of all parts, one after another; all of one type and number of rows. */
  Tensor concatenated(Tensor... parts);

  /** {@code x} as {@code dtype}. */
  Tensor converted(Tensor x, DType dtype);

  /** {@code function(x)}. */
  Tensor pointwise(Tensor x, PointwiseFunction function);

  /**
   * Computes the next state of a pass from {@code state} and frees that and all else that was made
   * on the way, so that a pass holds what one layer needs and not what all of them do. Tensors that
   * were not made in this workspace, such as weights, stay.
   *
   * @return what {@code layer} returned, owned by the current workspace
   */
  List<Tensor> advance(List<Tensor> state, UnaryOperator<List<Tensor>> layer);

  /** How many passes {@link #sideBySide} computes at a time, each with an equal share of it. */
  int lanes();

  /**
   * Computes passes that have nothing to do with each other, {@link #lanes} at a time: each opens a
   * workspace of its own, and none may be open here. A pass is computed by one thread, which need
   * not be this one; all have ended when this returns or throws.
   *
   * @return their results, in their order
   */
  <T> List<T> sideBySide(List<Supplier<T>> passes);

  /** Rows of {@code x} scaled to length one; a row of zeros stays. */
  Tensor normalised(Tensor x);
}
