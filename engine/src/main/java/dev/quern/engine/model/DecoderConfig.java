package dev.quern.engine.model;

import dev.quern.engine.tensor.HeadLayout;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntPredicate;

/**
 * The sizes that every decoder has.
 *
 * @param intermediateSize width of the gated feed-forward layers
 * @param maxPositionEmbeddings tokens of context that the checkpoint's configuration states, before
 *     any scaling of rotary positions
 * @param tiedEmbeddings whether the output projection is the embedding table
 */
record DecoderConfig(
    int vocabularySize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    HeadLayout heads,
    float normEpsilon,
    int maxPositionEmbeddings,
    boolean tiedEmbeddings) {

  /** Read with {@code hidden_size / num_attention_heads} as the size of a head not stated. */
  static DecoderConfig read(ModelConfig config, boolean tiedByDefault) {
    return read(config, tiedByDefault, OptionalInt.empty());
  }

  /**
   * @param tiedByDefault the family's {@code tie_word_embeddings} where the configuration is silent
   * @param headDim the family's {@code head_dim} where the configuration is silent
   */
  static DecoderConfig read(ModelConfig config, boolean tiedByDefault, OptionalInt headDim) {
    int hiddenSize = config.positiveInt("hidden_size");
    return new DecoderConfig(
        config.positiveInt("vocab_size"),
        hiddenSize,
        config.positiveInt("intermediate_size"),
        config.positiveInt("num_hidden_layers"),
        readHeads(config, hiddenSize, headDim),
        (float) config.positiveNumber("rms_norm_eps", 1e-6),
        config.positiveInt("max_position_embeddings"),
        config.flag("tie_word_embeddings", tiedByDefault));
  }

  private static HeadLayout readHeads(ModelConfig config, int hiddenSize, OptionalInt fallback) {
    int queryHeads = config.positiveInt("num_attention_heads");
    int kvHeads = config.positiveInt("num_key_value_heads", queryHeads);
    if (queryHeads % kvHeads != 0) {
      throw config.error(
          "num_key_value_heads",
          "is " + kvHeads + ", which does not divide num_attention_heads " + queryHeads);
    }
    OptionalInt stated = config.optionalPositiveInt("head_dim");
    OptionalInt headDim = stated.isPresent() ? stated : fallback;
    if (headDim.isEmpty() && hiddenSize % queryHeads != 0) {
      throw config.error(
          "num_attention_heads",
          "is " + queryHeads + ", which does not divide hidden_size " + hiddenSize);
    }
    return new HeadLayout(queryHeads, kvHeads, headDim.orElse(hiddenSize / queryHeads));
  }

  /** Factor on attention scores of all families that state no other. */
  float attentionScale() {
    return (float) (1 / Math.sqrt(heads.headDim()));
  }

  int queryWidth() {
    return Math.multiplyExact(heads.queryHeads(), heads.headDim());
  }

  int kvWidth() {
    return Math.multiplyExact(heads.kvHeads(), heads.headDim());
  }

  /**
   * Which layers see a sliding window and not the whole context: what {@code layer_types} says,
   * else what the family's rule says of the layer's number.
   */
  boolean[] slidingLayers(ModelConfig config, IntPredicate rule) {
    boolean[] sliding = new boolean[layers];
    List<String> types = config.texts("layer_types").orElse(List.of());
    if (!types.isEmpty() && types.size() != layers) {
      throw config.error(
          "layer_types", "has " + types.size() + " entries for num_hidden_layers " + layers);
    }
    for (int layer = 0; layer < layers; layer++) {
      sliding[layer] = types.isEmpty() ? rule.test(layer) : isSliding(config, types.get(layer));
    }
    return sliding;
  }

  private static boolean isSliding(ModelConfig config, String type) {
    return switch (type) {
      case "sliding_attention" -> true;
      case "full_attention" -> false;
      default ->
          throw config.error(
              "layer_types",
              "holds '" + type + "': full_attention and sliding_attention are supported");
    };
  }
}
