package dev.quern.engine.model;

import dev.quern.engine.tensor.EncoderOperations.AttentionPositions;
import dev.quern.engine.tensor.PointwiseFunction;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** DistilBERT (arXiv 1910.01108): BERT's layers, half as many, without token types. */
final class DistilBertModel {
  private static final EncoderConfig.LayerNames NAMES =
      new EncoderConfig.LayerNames(
          "attention.q_lin",
          "attention.k_lin",
          "attention.v_lin",
          "attention.out_lin",
          "sa_layer_norm",
          "ffn.lin1",
          "ffn.lin2",
          "output_layer_norm");
  private static final float EPSILON = 1e-12f;

  private DistilBertModel() {}

  static EncoderStack load(FamilyContext context) {
    ModelConfig config = context.config();
    int hiddenSize = config.positiveInt("dim");
    EncoderConfig shape =
        new EncoderConfig(
            config.positiveInt("vocab_size"),
            hiddenSize,
            config.positiveInt("hidden_dim"),
            config.positiveInt("n_layers"),
            EncoderConfig.heads(config, hiddenSize, "n_heads", "dim"),
            EPSILON,
            config.positiveInt("max_position_embeddings", 512));
    PointwiseFunction function = config.function("activation", "gelu");

    Weights weights = context.weights();
    Weights tables = weights.under("embeddings");
    EncoderEmbeddings embeddings =
        new EncoderEmbeddings(
            tables.table("word_embeddings", shape.vocabularySize(), hiddenSize),
            tables.table("position_embeddings", shape.positions(), hiddenSize),
            /* types= */ null,
            tables.layerNorm("LayerNorm", hiddenSize, EPSILON, /* bias= */ true));
    List<PostNormLayer> layers = new ArrayList<>(shape.layers());
    for (int layer = 0; layer < shape.layers(); layer++) {
      layers.add(shape.plainLayer(weights.under("transformer.layer." + layer), NAMES, function));
    }
    return new PostNormEncoder(
        new EncoderShape(
            shape.vocabularySize(), hiddenSize, shape.positions(), 0, OptionalInt.empty()),
        embeddings,
        layers,
        AttentionPositions.NONE);
  }
}
