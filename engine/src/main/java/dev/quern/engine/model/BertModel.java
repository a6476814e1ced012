package dev.quern.engine.model;

import dev.quern.engine.tensor.EncoderOperations.AttentionPositions;
import dev.quern.engine.tensor.PointwiseFunction;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * BERT (arXiv 1810.04805), and with it MiniLM, BGE, E5 and GTE: a table of positions, two token
 * types, norms after each part and a plain feed-forward part with GELU.
 *
 * <pre>
 *   x_0 = LayerNorm(Token(ids) + Position(0, 1, ...) + Type(types))
 *   x_i = PostNormLayer_i(x_{i-1})
 * </pre>
 */
final class BertModel {
  private BertModel() {}

  static EncoderStack load(FamilyContext context) {
    return load(context, OptionalInt.empty());
  }

  /**
   * @param paddingToken where positions are numbered from it on
   */
  static EncoderStack load(FamilyContext context, OptionalInt paddingToken) {
    ModelConfig config = context.config();
    EncoderConfig.refuseRelativePositions(config);
    EncoderConfig shape = EncoderConfig.read(config);
    int tokenTypes = config.positiveInt("type_vocab_size", 2);
    PointwiseFunction function = config.function("hidden_act", "gelu");

    Weights weights = context.weights();
    Weights tables = weights.under("embeddings");
    EncoderEmbeddings embeddings =
        new EncoderEmbeddings(
            tables.table("word_embeddings", shape.vocabularySize(), shape.hiddenSize()),
            tables.table("position_embeddings", shape.positions(), shape.hiddenSize()),
            tables.table("token_type_embeddings", tokenTypes, shape.hiddenSize()),
            tables.layerNorm(
                "LayerNorm", shape.hiddenSize(), shape.normEpsilon(), /* bias= */ true));
    List<PostNormLayer> layers = new ArrayList<>(shape.layers());
    for (int layer = 0; layer < shape.layers(); layer++) {
      layers.add(
          shape.plainLayer(
              weights.under("encoder.layer." + layer), EncoderConfig.LayerNames.BERT, function));
    }
    int maxTokens =
        shape.positions() - (paddingToken.isPresent() ? paddingToken.getAsInt() + 1 : 0);
    return new PostNormEncoder(
        new EncoderShape(
            shape.vocabularySize(), shape.hiddenSize(), maxTokens, tokenTypes, paddingToken),
        embeddings,
        layers,
        AttentionPositions.NONE);
  }
}
