package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.EncoderBatch;
import dev.quern.engine.tensor.EncoderOperations;
import dev.quern.engine.tensor.EncoderOperations.AttentionPositions;
import dev.quern.engine.tensor.EncoderOperations.LayerNorm;
import dev.quern.engine.tensor.EncoderOperations.Visibility;
import dev.quern.engine.tensor.HeadLayout;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.Tensor;

/**
 * One layer of BERT and its kin (arXiv 1810.04805):
 *
 * <pre>
 *   h = LayerNorm(x + softmax(scale * q k^T) v W_o),   [q, k, v] = x W_qkv
 *   y = LayerNorm(h + FeedForward(h))
 * </pre>
 *
 * @param projection {@code W_qkv [3 * hiddenSize, hiddenSize]}
 * @param output {@code W_o [hiddenSize, hiddenSize]}
 */
record PostNormLayer(
    HeadLayout heads,
    LinearWeight projection,
    LinearWeight output,
    LayerNorm attentionNorm,
    EncoderFeedForward feedForward,
    LayerNorm outputNorm) {

  /** {@code [tokens, hiddenSize]} to the same. */
  Tensor forward(
      Backend backend,
      EncoderBatch batch,
      Visibility visibility,
      AttentionPositions positions,
      Tensor x) {
    EncoderOperations encoders = backend.encoders();
    Tensor qkv = backend.linear(x, projection);
    Tensor attended = encoders.attention(qkv, heads, visibility, positions, batch);
    Tensor middle = encoders.linearAddNorm(attended, output, x, attentionNorm);
    Tensor hidden = feedForward.hidden(backend, middle);
    return encoders.linearAddNorm(hidden, feedForward.down(), middle, outputNorm);
  }
}
