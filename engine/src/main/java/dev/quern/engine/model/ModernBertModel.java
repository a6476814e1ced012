package dev.quern.engine.model;

import dev.quern.engine.tensor.Activation;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.EncoderBatch;
import dev.quern.engine.tensor.EncoderOperations;
import dev.quern.engine.tensor.EncoderOperations.AttentionPositions;
import dev.quern.engine.tensor.EncoderOperations.LayerNorm;
import dev.quern.engine.tensor.EncoderOperations.Visibility;
import dev.quern.engine.tensor.HeadLayout;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.Pooling;
import dev.quern.engine.tensor.RopeTable;
import dev.quern.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * ModernBERT (arXiv 2412.13663): norms before each part, rotary positions, a gated feed-forward
 * part with GELU, and attention over the whole text in every third layer, over a window around each
 * token in the others, with a rotary base for each kind.
 *
 * <pre>
 *   x_0 = LayerNorm(Token(ids))
 *   h = x + Attention(LayerNorm(x))      the first layer's norm is the embedding's
 *   y = h + (gelu(n W_gate) * (n W_up)) W_down,   n = LayerNorm(h)
 * </pre>
 */
final class ModernBertModel implements EncoderStack {
  /**
   * @param attentionNorm null in the first layer
   * @param projection {@code [3 * hiddenSize, hiddenSize]}
   * @param local whether a token sees a window and not the whole text
   */
  private record Layer(
      @Nullable LayerNorm attentionNorm,
      LinearWeight projection,
      LinearWeight output,
      LayerNorm feedForwardNorm,
      EncoderFeedForward.Gated feedForward,
      boolean local) {}

  /** How the layers of one kind attend. */
  private record Sight(Visibility visibility, RopeTable rope) {}

  private final EncoderShape shape;
  private final HeadLayout heads;
  private final EncoderEmbeddings embeddings;
  private final List<Layer> layers;
  private final LayerNorm finalNorm;
  private final Sight global;
  private final Sight local;

  private ModernBertModel(
      EncoderShape shape,
      HeadLayout heads,
      EncoderEmbeddings embeddings,
      List<Layer> layers,
      LayerNorm finalNorm,
      Sight global,
      Sight local) {
    this.shape = shape;
    this.heads = heads;
    this.embeddings = embeddings;
    this.layers = List.copyOf(layers);
    this.finalNorm = finalNorm;
    this.global = global;
    this.local = local;
  }

  static EncoderStack load(FamilyContext context) {
    return new Loader(context).load();
  }

  @Override
  public EncoderShape shape() {
    return shape;
  }

  @Override
  public Pooling defaultPooling() {
    return Pooling.MEAN;
  }

  @Override
  public Tensor forward(Backend backend, EncoderBatch batch) {
    EncoderOperations encoders = backend.encoders();
    List<Tensor> x = List.of(embeddings.forward(backend, batch));
    for (Layer layer : layers) {
      x = encoders.advance(x, state -> List.of(forward(backend, batch, layer, state.getFirst())));
    }
    return encoders.layerNorm(x.getFirst(), finalNorm);
  }

  private Tensor forward(Backend backend, EncoderBatch batch, Layer layer, Tensor x) {
    EncoderOperations encoders = backend.encoders();
    LayerNorm norm = layer.attentionNorm();
    Tensor normed = norm == null ? x : encoders.layerNorm(x, norm);
    Tensor qkv = backend.linear(normed, layer.projection());
    Sight sight = layer.local() ? local : global;
    AttentionPositions positions = AttentionPositions.rotary(sight.rope());
    Tensor attended = encoders.attention(qkv, heads, sight.visibility(), positions, batch);
    Tensor middle = encoders.linearAdd(attended, layer.output(), x);
    EncoderFeedForward feedForward = layer.feedForward();
    Tensor hidden =
        feedForward.hidden(backend, encoders.layerNorm(middle, layer.feedForwardNorm()));
    return encoders.linearAdd(hidden, feedForward.down(), middle);
  }

  @Override
  public void close() {
    global.rope().close();
    local.rope().close();
  }

  /** Reads the configuration and the weights. */
  private static final class Loader {
    private final FamilyContext context;
    private final ModelConfig config;
    private final DecoderConfig shape;
    private final boolean normBias;

    private Loader(FamilyContext context) {
      this.context = context;
      config = context.config();
      int hiddenSize = config.positiveInt("hidden_size");
      shape =
          new DecoderConfig(
              config.positiveInt("vocab_size"),
              hiddenSize,
              config.positiveInt("intermediate_size"),
              config.positiveInt("num_hidden_layers"),
              EncoderConfig.heads(config, hiddenSize, "num_attention_heads", "hidden_size"),
              (float) config.positiveNumber("norm_eps", 1e-5),
              config.positiveInt("max_position_embeddings", 8192),
              /* tiedEmbeddings= */ true);
      normBias = config.flag("norm_bias", false);
    }

    private EncoderStack load() {
      Weights weights = context.weights();
      int hiddenSize = shape.hiddenSize();
      EncoderEmbeddings embeddings =
          new EncoderEmbeddings(
              weights.table("embeddings.tok_embeddings", shape.vocabularySize(), hiddenSize),
              /* positions= */ null,
              /* types= */ null,
              norm(weights, "embeddings.norm"));
      int every = config.positiveInt("global_attn_every_n_layers", 3);
      boolean[] local = shape.slidingLayers(config, layer -> layer % every != 0);
      List<Layer> layers = new ArrayList<>(shape.layers());
      for (int layer = 0; layer < shape.layers(); layer++) {
        layers.add(layer(weights.under("layers." + layer), /* first= */ layer == 0, local[layer]));
      }
      LayerNorm finalNorm = norm(weights, "final_norm");
      RopeParameters globalRope = rope("full_attention", "global_rope_theta", 160_000);
      RopeParameters localRope = rope("sliding_attention", "local_rope_theta", 10_000);
      float scale = shape.attentionScale();
      int side = config.positiveInt("local_attention", 128) / 2;
      return new ModernBertModel(
          new EncoderShape(
              shape.vocabularySize(),
              hiddenSize,
              shape.maxPositionEmbeddings(),
              /* tokenTypes= */ 0,
              OptionalInt.empty()),
          shape.heads(),
          embeddings,
          layers,
          finalNorm,
          new Sight(Visibility.full(scale), table(globalRope)),
          new Sight(new Visibility(scale, side, side), table(localRope)));
    }

    private Layer layer(Weights weights, boolean first, boolean local) {
      int hiddenSize = shape.hiddenSize();
      int intermediate = shape.intermediateSize();
      boolean attentionBias = config.flag("attention_bias", false);
      boolean feedForwardBias = config.flag("mlp_bias", false);
      Activation activation = config.activation("hidden_activation", "gelu");
      return new Layer(
          first ? null : norm(weights, "attn_norm"),
          weights.linear("attn.Wqkv", 3L * hiddenSize, hiddenSize, attentionBias),
          weights.linear("attn.Wo", hiddenSize, hiddenSize, attentionBias),
          norm(weights, "mlp_norm"),
          new EncoderFeedForward.Gated(
              weights.linear("mlp.Wi", 2L * intermediate, hiddenSize, feedForwardBias),
              activation,
              weights.linear("mlp.Wo", hiddenSize, intermediate, feedForwardBias)),
          local);
    }

    private LayerNorm norm(Weights weights, String name) {
      return weights.layerNorm(name, shape.hiddenSize(), shape.normEpsilon(), normBias);
    }

    /** In transformers 5's spelling, or with the base in a key of its own. */
    private RopeParameters rope(String layerType, String thetaKey, double fallback) {
      double theta = config.positiveNumber(thetaKey, fallback);
      Optional<ModelConfig> stated =
          config.object("rope_parameters").flatMap(parameters -> parameters.object(layerType));
      return stated
          .map(
              parameters ->
                  RopeParameters.read(
                      config, parameters, shape, parameters.positiveNumber("rope_theta", theta)))
          .orElseGet(() -> RopeParameters.unscaled(theta, shape.heads().headDim()));
    }

    private RopeTable table(RopeParameters rope) {
      return rope.table(context.backend(), shape.maxPositionEmbeddings());
    }
  }
}
