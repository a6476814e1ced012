package dev.quern.engine.model;

import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.EncoderOperations.AttentionPositions;
import dev.quern.engine.tensor.HeadLayout;
import dev.quern.engine.tensor.LinearWeight;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Nomic's BERT (arXiv 2402.01613): BERT's layers with rotary positions in place of a table, a gated
 * feed-forward part with SiLU, and no biases but the norms'. Read in the names of Nomic's own
 * checkpoints and in those of transformers.
 */
final class NomicBertModel {
  private NomicBertModel() {}

  static EncoderStack load(FamilyContext context) {
    ModelConfig config = context.config();
    refuseVariants(config);
    DecoderConfig shape = shape(config);
    Activation activation = activation(config);
    RopeParameters rope =
        RopeParameters.read(config, shape, config.positiveNumber("rotary_emb_base", 1000));
    EncoderEmbeddings embeddings = embeddings(context.weights(), shape, tokenTypes(config));
    List<PostNormLayer> layers = layers(context.weights(), shape, activation);
    return new PostNormEncoder(
        new EncoderShape(
            shape.vocabularySize(),
            shape.hiddenSize(),
            shape.maxPositionEmbeddings(),
            tokenTypes(config),
            OptionalInt.empty()),
        embeddings,
        layers,
        AttentionPositions.rotary(rope.table(context.backend(), shape.maxPositionEmbeddings())));
  }

  private static int tokenTypes(ModelConfig config) {
    return config.positiveInt("type_vocab_size", 2);
  }

  private static DecoderConfig shape(ModelConfig config) {
    boolean own = config.has("n_embd");
    int hiddenSize = config.positiveInt(own ? "n_embd" : "hidden_size");
    int heads = config.positiveInt(own ? "n_head" : "num_attention_heads");
    if (hiddenSize % heads != 0) {
      throw config.error(own ? "n_head" : "num_attention_heads", "does not divide " + hiddenSize);
    }
    return new DecoderConfig(
        config.positiveInt("vocab_size"),
        hiddenSize,
        config.positiveInt(own ? "n_inner" : "intermediate_size"),
        config.positiveInt(own ? "n_layer" : "num_hidden_layers"),
        new HeadLayout(heads, heads, hiddenSize / heads),
        (float) config.positiveNumber(own ? "layer_norm_epsilon" : "layer_norm_eps", 1e-12),
        positions(config, own),
        /* tiedEmbeddings= */ true);
  }

  /**
   * Rotary positions stretched by the length of each batch would make a text's vector depend on its
   * company; where a checkpoint asks for that, texts end where the stretching would begin.
   */
  private static int positions(ModelConfig config, boolean own) {
    if (!own) {
      return config.positiveInt("max_position_embeddings", 2048);
    }
    int positions = config.positiveInt("n_positions", 2048);
    return config.optionalPositiveNumber("rotary_scaling_factor").isPresent()
        ? Math.min(positions, config.positiveInt("max_trained_positions", 2048))
        : positions;
  }

  private static Activation activation(ModelConfig config) {
    String own = config.text("activation_function").orElse("swiglu");
    return switch (own) {
      case "swiglu" -> config.activation("hidden_act", "silu");
      case "geglu" -> Activation.GELU;
      default ->
          throw config.error(
              "activation_function", "is '" + own + "': swiglu and geglu are supported");
    };
  }

  private static void refuseVariants(ModelConfig config) {
    for (String key :
        List.of("prenorm", "qkv_proj_bias", "mlp_fc1_bias", "rotary_emb_interleaved")) {
      if (config.flag(key, false)) {
        throw config.error(key, "is true, which Quern does not compute for Nomic's models");
      }
    }
    double rotated = config.positiveNumber("rotary_emb_fraction", 1);
    if (rotated != 1) {
      throw config.error("rotary_emb_fraction", "is " + rotated + ": only 1 is supported");
    }
  }

  private static EncoderEmbeddings embeddings(
      Weights weights, DecoderConfig shape, int tokenTypes) {
    int hiddenSize = shape.hiddenSize();
    String norm = weights.has("emb_ln.weight") ? "emb_ln" : "embeddings.LayerNorm";
    return new EncoderEmbeddings(
        weights.table("embeddings.word_embeddings", shape.vocabularySize(), hiddenSize),
        /* positions= */ null,
        weights.table("embeddings.token_type_embeddings", tokenTypes, hiddenSize),
        weights.layerNorm(norm, hiddenSize, shape.normEpsilon(), /* bias= */ true));
  }

  private static List<PostNormLayer> layers(
      Weights weights, DecoderConfig shape, Activation activation) {
    boolean own = weights.has("encoder.layers.0.attn.Wqkv.weight");
    List<PostNormLayer> layers = new ArrayList<>(shape.layers());
    for (int layer = 0; layer < shape.layers(); layer++) {
      layers.add(
          own
              ? ownLayer(weights.under("encoder.layers." + layer), shape, activation)
              : layer(weights.under("layers." + layer), shape, activation));
    }
    return layers;
  }

  private static PostNormLayer ownLayer(
      Weights weights, DecoderConfig shape, Activation activation) {
    int hiddenSize = shape.hiddenSize();
    return new PostNormLayer(
        shape.heads(),
        weights.linear("attn.Wqkv", 3L * hiddenSize, hiddenSize, /* bias= */ false),
        weights.linear("attn.out_proj", hiddenSize, hiddenSize, /* bias= */ false),
        weights.layerNorm("norm1", hiddenSize, shape.normEpsilon(), /* bias= */ true),
        feedForward(weights.under("mlp"), shape, activation, "fc12", "fc11", "fc2"),
        weights.layerNorm("norm2", hiddenSize, shape.normEpsilon(), /* bias= */ true));
  }

  private static PostNormLayer layer(Weights weights, DecoderConfig shape, Activation activation) {
    int hiddenSize = shape.hiddenSize();
    LinearWeight projection =
        Attention.stackedProjection(weights.under("self_attn"), shape, /* bias= */ false);
    return new PostNormLayer(
        shape.heads(),
        projection,
        Attention.outputProjection(weights.under("self_attn"), shape, /* bias= */ false),
        weights.layerNorm(
            "post_attention_layernorm", hiddenSize, shape.normEpsilon(), /* bias= */ true),
        feedForward(weights.under("mlp"), shape, activation, "gate_proj", "up_proj", "down_proj"),
        weights.layerNorm("post_mlp_layernorm", hiddenSize, shape.normEpsilon(), /* bias= */ true));
  }

  private static EncoderFeedForward feedForward(
      Weights weights,
      DecoderConfig shape,
      Activation activation,
      String gate,
      String up,
      String down) {
    int intermediate = shape.intermediateSize();
    return new EncoderFeedForward.Gated(
        weights.stacked(
            List.of(new Weights.Part(gate, intermediate), new Weights.Part(up, intermediate)),
            shape.hiddenSize(),
            /* bias= */ false),
        activation,
        weights.linear(down, shape.hiddenSize(), intermediate, /* bias= */ false));
  }
}
