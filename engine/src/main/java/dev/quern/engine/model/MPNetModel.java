package dev.quern.engine.model;

import dev.quern.engine.tensor.EncoderOperations.AttentionPositions;
import dev.quern.engine.tensor.PointwiseFunction;
import dev.quern.engine.tensor.RelativeBias;
import dev.quern.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * MPNet (arXiv 2004.09297): BERT's layers without token types, positions numbered as RoBERTa's, and
 * beside them a bias on attention scores by the distance from query to key, in T5's buckets (arXiv
 * 1910.10683, section 2.1), the same in all layers.
 */
final class MPNetModel {
  private static final EncoderConfig.LayerNames NAMES =
      new EncoderConfig.LayerNames(
          "attention.attn.q",
          "attention.attn.k",
          "attention.attn.v",
          "attention.attn.o",
          "attention.LayerNorm",
          "intermediate.dense",
          "output.dense",
          "output.LayerNorm");

  /** Fixed in the published code, whatever the configuration says of padding. */
  private static final int PADDING = 1;

  /** Likewise: half of them for keys before the query, half for keys after it. */
  private static final int BUCKETS = 32;

  private static final int MAX_DISTANCE = 128;

  private MPNetModel() {}

  static EncoderStack load(FamilyContext context) {
    ModelConfig config = context.config();
    EncoderConfig shape = EncoderConfig.read(config);
    int hiddenSize = shape.hiddenSize();
    PointwiseFunction function = config.function("hidden_act", "gelu");
    int rows = config.positiveInt("relative_attention_num_buckets", BUCKETS);
    if (rows < BUCKETS) {
      throw config.error("relative_attention_num_buckets", "is " + rows + ", less than " + BUCKETS);
    }

    Weights weights = context.weights();
    Weights tables = weights.under("embeddings");
    EncoderEmbeddings embeddings =
        new EncoderEmbeddings(
            tables.table("word_embeddings", shape.vocabularySize(), hiddenSize),
            tables.table("position_embeddings", shape.positions(), hiddenSize),
            /* types= */ null,
            tables.layerNorm("LayerNorm", hiddenSize, shape.normEpsilon(), /* bias= */ true));
    List<PostNormLayer> layers = new ArrayList<>(shape.layers());
    for (int layer = 0; layer < shape.layers(); layer++) {
      layers.add(shape.plainLayer(weights.under("encoder.layer." + layer), NAMES, function));
    }
    Tensor table =
        weights.table("encoder.relative_attention_bias", rows, shape.heads().queryHeads());
    int maxTokens = shape.positions() - PADDING - 1;
    RelativeBias bias = context.backend().encoders().relativeBias(table, buckets(maxTokens));
    return new PostNormEncoder(
        new EncoderShape(shape.vocabularySize(), hiddenSize, maxTokens, 0, OptionalInt.of(PADDING)),
        embeddings,
        layers,
        new AttentionPositions(null, null, bias));
  }

  /** Of all distances from query to key in a text of {@code maxTokens}. */
  static int[] buckets(int maxTokens) {
    int[] buckets = new int[2 * maxTokens - 1];
    for (int i = 0; i < buckets.length; i++) {
      buckets[i] = bucket(i - (maxTokens - 1));
    }
    return buckets;
  }

  /** A bucket for each of the nearest distances, then ever wider ones up to the farthest. */
  private static int bucket(int distance) {
    int half = BUCKETS / 2;
    int exact = half / 2;
    int away = Math.abs(distance);
    int side = distance > 0 ? half : 0;
    if (away < exact) {
      return side + away;
    }
    // In fp32, as the published code has it: the last bit decides at the borders.
    float position =
        (float) Math.log((float) away / exact)
            / (float) Math.log((double) MAX_DISTANCE / exact)
            * (half - exact);
    return side + Math.min(half - 1, exact + (int) position);
  }
}
