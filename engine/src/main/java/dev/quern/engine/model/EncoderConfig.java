package dev.quern.engine.model;

import dev.quern.engine.tensor.HeadLayout;
import dev.quern.engine.tensor.PointwiseFunction;
import java.util.List;

/**
 * The sizes that every encoder in BERT's spelling has.
 *
 * @param positions rows of the position table, or what rotary positions reach
 */
record EncoderConfig(
    int vocabularySize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    HeadLayout heads,
    float normEpsilon,
    int positions) {

  /** With {@code layer_norm_eps} of the original where the configuration is silent. */
  static EncoderConfig read(ModelConfig config) {
    int hiddenSize = config.positiveInt("hidden_size");
    return new EncoderConfig(
        config.positiveInt("vocab_size"),
        hiddenSize,
        config.positiveInt("intermediate_size"),
        config.positiveInt("num_hidden_layers"),
        heads(config, hiddenSize, "num_attention_heads", "hidden_size"),
        (float) config.positiveNumber("layer_norm_eps", 1e-12),
        config.positiveInt("max_position_embeddings", 512));
  }

  static HeadLayout heads(ModelConfig config, int hiddenSize, String headsKey, String sizeKey) {
    int heads = config.positiveInt(headsKey);
    if (hiddenSize % heads != 0) {
      throw config.error(
          headsKey, "is " + heads + ", which does not divide " + sizeKey + " " + hiddenSize);
    }
    return new HeadLayout(heads, heads, hiddenSize / heads);
  }

  /** Refuses what the family's checkpoints may state but few do and Quern does not compute. */
  static void refuseRelativePositions(ModelConfig config) {
    String type = config.text("position_embedding_type").orElse("absolute");
    if (!type.equals("absolute")) {
      throw config.error(
          "position_embedding_type",
          "is '" + type + "', which Quern does not compute: absolute is supported");
    }
  }

  /** Names of a plain layer's linear layers and norms. */
  record LayerNames(
      String query,
      String key,
      String value,
      String output,
      String attentionNorm,
      String up,
      String down,
      String outputNorm) {
    static final LayerNames BERT =
        new LayerNames(
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
            "attention.output.LayerNorm",
            "intermediate.dense",
            "output.dense",
            "output.LayerNorm");
  }

  /** A layer with biases everywhere and a plain feed-forward part. */
  PostNormLayer plainLayer(Weights weights, LayerNames names, PointwiseFunction function) {
    return new PostNormLayer(
        heads,
        weights.stacked(
            List.of(
                new Weights.Part(names.query(), hiddenSize),
                new Weights.Part(names.key(), hiddenSize),
                new Weights.Part(names.value(), hiddenSize)),
            hiddenSize,
            /* bias= */ true),
        weights.linear(names.output(), hiddenSize, hiddenSize, /* bias= */ true),
        weights.layerNorm(names.attentionNorm(), hiddenSize, normEpsilon, /* bias= */ true),
        new EncoderFeedForward.Plain(
            weights.linear(names.up(), intermediateSize, hiddenSize, /* bias= */ true),
            function,
            weights.linear(names.down(), hiddenSize, intermediateSize, /* bias= */ true)),
        weights.layerNorm(names.outputNorm(), hiddenSize, normEpsilon, /* bias= */ true));
  }
}
