package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.DeviceBatch;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.ForwardPass;
import dev.quern.engine.tensor.KvCache;
import dev.quern.engine.tensor.KvCacheShape;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.engine.tensor.RopeTable;
import dev.quern.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The stack that all families share:
 *
 * <pre>
 *   x_0 = embeddingScale * Embedding(tokens)
 *   x_i = DecoderLayer_i(x_{i-1})
 *   logits = cap(RMSNorm(x_n) W_head)
 * </pre>
 *
 * <p>A family says what its layers are; see {@link LlamaForCausalLM} for the plainest.
 */
final class DecoderModel implements CausalModel {
  /**
   * What differs outside the layers.
   *
   * @param embeddingScale factor on the embedded tokens; 1: none
   * @param normOffset added to the final norm's factors
   * @param logitCap {@code cap * tanh(logits / cap)}; 0: none
   */
  record Ends(float embeddingScale, float normOffset, float logitCap) {
    static final Ends PLAIN = new Ends(1, 0, 0);
  }

  /** Loads one layer of a family. */
  @FunctionalInterface
  interface LayerLoader {
    /** The layer numbered {@code layer}, of the tensors under {@code model.layers.<layer>}. */
    DecoderLayer load(int layer, Weights weights);
  }

  private final FamilyContext context;
  private final DecoderConfig config;
  private final int contextLength;
  private final Ends ends;
  private final Tensor embedding;
  private final List<DecoderLayer> layers;
  private final Tensor finalNorm;
  private final LinearWeight head;
  private final ForwardPass pass = this::logits;

  /** Of the step that runs. */
  private PassGuard guard = PassGuard.ALWAYS;

  /** Loads the weights in the order of a step. */
  DecoderModel(FamilyContext context, DecoderStack stack) {
    this(context, stack.config(), stack.contextLength(), stack.ends(), stack.layers());
  }

  /**
   * Loads the weights in the order of a step.
   *
   * @param contextLength longest sequence that the rotary tables reach
   */
  DecoderModel(
      FamilyContext context,
      DecoderConfig config,
      int contextLength,
      Ends ends,
      LayerLoader layerLoader) {
    this.context = context;
    this.config = config;
    this.contextLength = contextLength;
    this.ends = ends;
    int vocabulary = config.vocabularySize();
    int hiddenSize = config.hiddenSize();
    Weights weights = context.weights();
    embedding = weights.table("model.embed_tokens", vocabulary, hiddenSize);
    List<DecoderLayer> loaded = new ArrayList<>(config.layers());
    for (int layer = 0; layer < config.layers(); layer++) {
      loaded.add(layerLoader.load(layer, weights.under("model.layers." + layer)));
    }
    layers = List.copyOf(loaded);
    finalNorm = weights.norm("model.norm", hiddenSize, ends.normOffset());
    head =
        config.tiedEmbeddings()
            ? weights.tied(embedding)
            : weights.linear("lm_head", vocabulary, hiddenSize, /* bias= */ false);
  }

  @Override
  public Tensor forward(ForwardBatch batch, KvCache cache, PassGuard stepGuard) {
    checkLengths(batch);
    guard = stepGuard;
    return context.backend().run(batch, cache, pass);
  }

  private Tensor logits(DeviceBatch batch, KvCache cache) {
    Backend backend = context.backend();
    Step step = new Step(backend, batch, cache);
    Tensor embedded = embed(step);
    Backend.Residual state =
        new Backend.Residual(
            embedded,
            backend.rmsNorm(embedded, layers.getFirst().beforeAttention(), config.normEpsilon()));
    for (int i = 0; i < layers.size(); i++) {
      if (!guard.goesOn()) {
        throw new PassAbandonedException();
      }
      int layer = i;
      state = backend.throughLayer(state, before -> layer(step, layer, before));
    }
    Tensor logits = backend.linear(state.normed(), head);
    return ends.logitCap() == 0 ? logits : backend.softCap(logits, ends.logitCap());
  }

  /** The residual stream, and that normed for what comes next, from before a layer to behind it. */
  private Backend.Residual layer(Step step, int number, Backend.Residual before) {
    Backend backend = step.backend();
    float epsilon = config.normEpsilon();
    DecoderLayer layer = layers.get(number);
    Tensor residual = before.sum();
    Tensor attended = layer.attend(step, number, before.normed(), epsilon);
    boolean last = number == layers.size() - 1;
    if (last) {
      // Every token's key and value are in the cache: only rows with wanted logits go on.
      residual = wanted(step, residual);
      attended = wanted(step, attended);
    }
    Backend.Residual middle =
        backend.addRmsNorm(residual, attended, layer.beforeFeedForward(), epsilon);
    Tensor fed = layer.feed(backend, middle.normed(), epsilon);
    Tensor nextNorm = last ? finalNorm : layers.get(number + 1).beforeAttention();
    return backend.addRmsNorm(middle.sum(), fed, nextNorm, epsilon);
  }

  private Tensor embed(Step step) {
    Tensor x = step.backend().embedding(embedding, step.batch().tokenIds());
    return ends.embeddingScale() == 1 ? x : step.backend().scale(x, ends.embeddingScale());
  }

  private static Tensor wanted(Step step, Tensor x) {
    ForwardBatch batch = step.batch().host();
    return batch.logitRows().length == batch.tokens()
        ? x
        : step.backend().rows(x, step.batch().logitRows());
  }

  private void checkLengths(ForwardBatch batch) {
    for (int length : batch.contextLengths()) {
      if (length > contextLength) {
        throw new IllegalArgumentException(
            "a sequence of " + length + " tokens, but the model is loaded for " + contextLength);
      }
    }
  }

  @Override
  public String architecture() {
    return context.architecture();
  }

  @Override
  public int vocabularySize() {
    return config.vocabularySize();
  }

  @Override
  public int maxContextLength() {
    return contextLength;
  }

  @Override
  public DType dtype() {
    return context.loader().dtype();
  }

  @Override
  public long parameters() {
    return context.weights().parameters();
  }

  @Override
  public MemoryUse memoryUse() {
    return context.loader().memoryUse();
  }

  @Override
  public KvCacheShape kvCacheShape(int blockSize) {
    return new KvCacheShape(
        config.layers(), config.heads().kvHeads(), config.heads().headDim(), dtype(), blockSize);
  }

  @Override
  public void close() {
    layers.stream().map(layer -> layer.attention().rope()).distinct().forEach(RopeTable::close);
    context.loader().close();
  }
}
