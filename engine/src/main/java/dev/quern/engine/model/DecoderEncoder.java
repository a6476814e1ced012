package dev.quern.engine.model;

import dev.quern.engine.tensor.AttentionOptions;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.EncoderBatch;
import dev.quern.engine.tensor.EncoderOperations.AttentionPositions;
import dev.quern.engine.tensor.EncoderOperations.Visibility;
import dev.quern.engine.tensor.Pooling;
import dev.quern.engine.tensor.RopeTable;
import dev.quern.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * The layers of a decoder over whole texts at once, without a KV cache: language models that embed
 * (Qwen 3 Embedding, arXiv 2506.05176; EmbeddingGemma, arXiv 2509.20354) or classify.
 */
final class DecoderEncoder implements EncoderStack {
  private final EncoderShape shape;
  private final DecoderStack stack;
  private final boolean bidirectional;
  private final Pooling defaultPooling;
  private final Tensor embedding;
  private final List<DecoderLayer> layers;
  private final Tensor finalNorm;

  /**
   * Loads the weights in the order of a pass.
   *
   * @param bidirectional whether a token sees those after it, and windows reach half their width to
   *     either side
   */
  static DecoderEncoder load(
      FamilyContext context, DecoderStack stack, boolean bidirectional, Pooling defaultPooling) {
    boolean loaded = false;
    try {
      DecoderEncoder encoder = new DecoderEncoder(context, stack, bidirectional, defaultPooling);
      loaded = true;
      return encoder;
    } finally {
      if (!loaded) {
        stack.ropes().forEach(RopeTable::close);
      }
    }
  }

  private DecoderEncoder(
      FamilyContext context, DecoderStack stack, boolean bidirectional, Pooling defaultPooling) {
    this.stack = stack;
    this.bidirectional = bidirectional;
    this.defaultPooling = defaultPooling;
    DecoderConfig config = stack.config();
    shape =
        new EncoderShape(
            config.vocabularySize(),
            config.hiddenSize(),
            stack.contextLength(),
            /* tokenTypes= */ 0,
            OptionalInt.empty());
    Weights weights = context.weights();
    embedding = weights.table("embed_tokens", config.vocabularySize(), config.hiddenSize());
    List<DecoderLayer> loaded = new ArrayList<>(config.layers());
    for (int layer = 0; layer < config.layers(); layer++) {
      loaded.add(stack.layers().load(layer, weights.under("layers." + layer)));
    }
    layers = List.copyOf(loaded);
    finalNorm = weights.norm("norm", config.hiddenSize(), stack.ends().normOffset());
  }

  @Override
  public EncoderShape shape() {
    return shape;
  }

  @Override
  public Pooling defaultPooling() {
    return defaultPooling;
  }

  @Override
  public Tensor forward(Backend backend, EncoderBatch batch) {
    Tensor residual = embed(backend, batch);
    float epsilon = stack.config().normEpsilon();
    Tensor x = backend.rmsNorm(residual, layers.getFirst().beforeAttention(), epsilon);
    List<Tensor> state = List.of(residual, x);
    for (int i = 0; i < layers.size(); i++) {
      DecoderLayer layer = layers.get(i);
      Tensor nextNorm = i == layers.size() - 1 ? finalNorm : layers.get(i + 1).beforeAttention();
      state =
          backend
              .encoders()
              .advance(
                  state,
                  before ->
                      forward(
                          backend, batch, layer, nextNorm, before.getFirst(), before.getLast()));
    }
    return state.getLast();
  }

  /**
   * One layer, and the norm before the next.
   *
   * @return the residual stream, and what the next layer is given
   */
  private List<Tensor> forward(
      Backend backend,
      EncoderBatch batch,
      DecoderLayer layer,
      Tensor nextNorm,
      Tensor residual,
      Tensor x) {
    float epsilon = stack.config().normEpsilon();
    Tensor attended = layer.afterAttention(backend, attend(backend, batch, layer, x), epsilon);
    Backend.Residual middle =
        backend.addRmsNorm(residual, attended, layer.beforeFeedForward(), epsilon);
    Tensor fed = layer.feed(backend, middle.normed(), epsilon);
    Backend.Residual end = backend.addRmsNorm(middle.sum(), fed, nextNorm, epsilon);
    return List.of(end.sum(), end.normed());
  }

  private Tensor embed(Backend backend, EncoderBatch batch) {
    Tensor x = backend.embedding(embedding, batch.tokenIds());
    float scale = stack.ends().embeddingScale();
    return scale == 1 ? x : backend.scale(x, scale);
  }

  private Tensor attend(Backend backend, EncoderBatch batch, DecoderLayer layer, Tensor x) {
    Attention attention = layer.attention();
    Tensor qkv = backend.linear(x, attention.projection());
    Tensor attended =
        backend
            .encoders()
            .attention(
                qkv,
                attention.heads(),
                visibility(attention.options()),
                new AttentionPositions(attention.norms(), attention.rope(), /* bias= */ null),
                batch);
    return backend.linear(attended, attention.output());
  }

  private Visibility visibility(AttentionOptions options) {
    int window = options.slidingWindow();
    if (bidirectional) {
      int side = window == 0 ? Visibility.ALL : window / 2;
      return new Visibility(options.scale(), side, side);
    }
    return new Visibility(options.scale(), window == 0 ? Visibility.ALL : window - 1, 0);
  }

  @Override
  public void close() {
    stack.ropes().forEach(RopeTable::close);
  }
}
