package dev.quern.engine.model;

import dev.quern.engine.tensor.AttentionOptions;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.HeadLayout;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.RopeTable;
import dev.quern.engine.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Causal self-attention with grouped queries (arXiv 2305.13245) over rotated positions:
 *
 * <pre>
 *   [q, k, v] = x W_qkv
 *   a = softmax(scale * rope(norm(q)) rope(norm(k))^T) v      over this and earlier positions
 *   Attention(x) = a W_o
 * </pre>
 *
 * @param projection {@code W_qkv [(queryHeads + 2 * kvHeads) * headDim, hiddenSize]}
 * @param norms RMSNorm of each head's query and key before rotation; null: none
 * @param output {@code W_o [hiddenSize, queryHeads * headDim]}
 */
record Attention(
    HeadLayout heads,
    LinearWeight projection,
    Backend.@Nullable HeadNorms norms,
    RopeTable rope,
    AttentionOptions options,
    LinearWeight output) {

  /** {@code [tokens, hiddenSize]} to the same; writes keys and values to the cache's layer. */
  Tensor forward(Step step, int layer, Tensor x) {
    Backend backend = step.backend();
    Tensor qkv = backend.linear(x, projection);
    Tensor queries =
        backend.rotateAndCache(qkv, heads, norms, rope, step.cache(), layer, step.batch());
    Tensor attended =
        backend.pagedAttention(queries, heads, options, step.cache(), layer, step.batch());
    return backend.linear(attended, output);
  }

  /** {@code W_qkv} of {@code q_proj}, {@code k_proj} and {@code v_proj}. */
  static LinearWeight stackedProjection(Weights weights, DecoderConfig config, boolean bias) {
    return weights.stacked(
        List.of(
            new Weights.Part("q_proj", config.queryWidth()),
            new Weights.Part("k_proj", config.kvWidth()),
            new Weights.Part("v_proj", config.kvWidth())),
        config.hiddenSize(),
        bias);
  }

  /** {@code W_o} of {@code o_proj}. */
  static LinearWeight outputProjection(Weights weights, DecoderConfig config, boolean bias) {
    return weights.linear("o_proj", config.hiddenSize(), config.queryWidth(), bias);
  }

  /** {@code q_norm} and {@code k_norm}, with {@code offset} added to each factor. */
  static Backend.HeadNorms headNorms(Weights weights, DecoderConfig config, float offset) {
    int headDim = config.heads().headDim();
    return new Backend.HeadNorms(
        weights.norm("q_norm", headDim, offset),
        weights.norm("k_norm", headDim, offset),
        config.normEpsilon());
  }
}
