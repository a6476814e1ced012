package dev.quern.engine.tensor;

import dev.quern.store.StoredType;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One device and the operations a model may ask of it, coarse enough that a fast backend may fuse
 * and a slow one may compose. All calls but {@link #close} come from the one thread that owns the
 * device; operations need an open {@link Workspace}.
 *
 * <p>Shapes are packed: {@code [tokens, features]} over all sequences of a step. Activations have
 * the weights' type; norms, softmax and rotary embedding compute in fp32 inside. Errors are {@link
 * dev.quern.store.QuernException}: OUT_OF_MEMORY with the numbers, else INTERNAL.
 */
public interface Backend extends AutoCloseable {
  /** For logs and {@code /metrics}: what computes, e.g. {@code torch-cpu}. */
  String name();

  /** Bytes this device could still give to weights and caches. */
  long freeMemoryBytes();

  /**
   * Whether products in {@code type} take no longer than in fp32, as they should in a shorter one.
   */
  default boolean isFastIn(DType type) {
    return true;
  }

  /** Bytes that one weight of {@code stored} takes in a model that computes in {@code computed}. */
  default int bytesPerWeight(DType computed, StoredType stored) {
    return computed.bytes();
  }

  /**
   * Whether {@link #freeMemoryBytes} is left of a budget set aside for this process: then all of it
   * may be given out, once steps have what they need. Else steps and other processes take from the
   * same memory as they go.
   */
  default boolean hasMemoryBudget() {
    return false;
  }

  /**
   * Bytes of the device by what holds them, such as weights, where the backend itself counts them.
   * Any thread may ask.
   */
  default Map<String, Long> heldBytes() {
    return Map.of();
  }

  /**
   * Passes of {@link #run} so far by how they were queued, where there is more than one way. Any
   * thread may ask.
   */
  default Map<String, Long> passes() {
    return Map.of();
  }

  WeightLoader weights(DType dtype);

  /**
   * Takes the slab of a cache.
   *
   * @throws dev.quern.store.QuernException OUT_OF_MEMORY when it does not fit
   */
  KvCache kvCache(KvCacheShape shape, int blocks);

  /**
   * Brings a rotary table to the device.
   *
   * @param cosines {@code [positions][rotaryDim / 2]}
   * @param sines likewise
   */
  RopeTable ropeTable(float[][] cosines, float[][] sines);

  Workspace openWorkspace();

  DeviceBatch upload(ForwardBatch batch);

  /**
   * Brings a batch to the device and runs a model's pass over it. A backend may record what the
   * pass asks for where each sequence computes one token whose logits are wanted, and replay that
   * for later batches like it, padded to a size it has recorded.
   *
   * @return the logits of the wanted rows
   */
  default Tensor run(ForwardBatch batch, KvCache cache, ForwardPass pass) {
    return pass.forward(upload(batch), cache);
  }

  /** Rows {@code ids} of {@code table [rows, hiddenSize]}: {@code [tokens, hiddenSize]}. */
  Tensor embedding(Tensor table, Tensor ids);

  /** {@code x W^T + b}: {@code [tokens, inFeatures]} to {@code [tokens, outFeatures]}. */
  Tensor linear(Tensor x, LinearWeight weight);

  Tensor add(Tensor a, Tensor b);

  Tensor scale(Tensor x, float factor);

  /** {@code x / rms(x) * weight} over the last dimension (arXiv 1910.07467). */
  Tensor rmsNorm(Tensor x, Tensor weight, float epsilon);

  /**
   * {@code sum = residual + x; normed = rmsNorm(sum)}: the seam of two layers, in one operation.
   */
  Residual addRmsNorm(Tensor residual, Tensor x, Tensor weight, float epsilon);

  /** What {@link #addRmsNorm} returns, both {@code [tokens, hiddenSize]}. */
  record Residual(Tensor sum, Tensor normed) {}

  /**
   * Computes one layer of a deep model. A backend may give the memory of all that the layer makes
   * to the layer after the next, so that a step holds what two layers need and not what all of them
   * do.
   *
   * @param state what the layer before returned, or what was made outside of layers
   * @return what {@code layer} returned, and must have made; good until the layer after the next
   */
  default Residual throughLayer(Residual state, UnaryOperator<Residual> layer) {
    return layer.apply(state);
  }

  /** {@code activation(gate) * up} of {@code [tokens, 2 * intermediate]} holding gate, then up. */
  Tensor gated(Tensor gateUp, Activation activation);

  /**
   * {@code gated(linear(x, gateUp), activation)}, with the same numbers; one operation where a
   * backend has it.
   */
  default Tensor gatedLinear(Tensor x, LinearWeight gateUp, Activation activation) {
    return gated(linear(x, gateUp), activation);
  }

  /**
   * Splits a fused projection, norms q and k per head where weights are given (Qwen 3, Gemma 3),
   * rotates both at their positions and writes k and v to the batch's slots of {@code layer}.
   *
   * @param qkv {@code [tokens, (queryHeads + 2 * kvHeads) * headDim]}
   * @param norms per-head norms, or null
   * @return the rotated queries {@code [tokens, queryHeads, headDim]}
   */
  Tensor rotateAndCache(
      Tensor qkv,
      HeadLayout heads,
      @Nullable HeadNorms norms,
      RopeTable rope,
      KvCache cache,
      int layer,
      DeviceBatch batch);

  /** RMSNorm weights {@code [headDim]} on each head's query and key. */
  record HeadNorms(Tensor query, Tensor key, float epsilon) {}

  /**
   * Causal attention of each query over its sequence's context in the cache.
   *
   * @param queries {@code [tokens, queryHeads, headDim]}
   * @return {@code [tokens, queryHeads * headDim]}
   */
  Tensor pagedAttention(
      Tensor queries,
      HeadLayout heads,
      AttentionOptions options,
      KvCache cache,
      int layer,
      DeviceBatch batch);

  /**
   * Routes each token to its {@code topK} experts by softmax of the router's logits and sums their
   * gated feed-forward outputs by weight (arXiv 2401.04088).
   *
   * @param x {@code [tokens, hiddenSize]}
   * @param routerLogits {@code [tokens, experts]}
   * @param normalise whether the chosen weights are scaled to sum to one
   */
  Tensor experts(
      Tensor x,
      Tensor routerLogits,
      ExpertWeights experts,
      int topK,
      boolean normalise,
      Activation activation);

  /** Picks {@code rows} of {@code x [tokens, hiddenSize]}. */
  Tensor rows(Tensor x, Tensor rows);

  /** {@code cap * tanh(x / cap)}. */
  Tensor softCap(Tensor x, float cap);

  /**
   * Index of the largest element of each row of {@code logits [rows, vocabulary]}; ties go to the
   * lowest. A row that holds NaN or whose largest element is infinite gives -1.
   */
  int[] argmax(Tensor logits);

  /**
   * Draws a token from each row of {@code logits [rows, vocabulary]}, or scores one.
   *
   * @param draws one for each row
   * @return the tokens; where {@link #drawsAhead}, before they are known
   */
  DrawnTokens draw(Tensor logits, Draws draws);

  /**
   * Whether {@link #run} and {@link #draw} only queue what they are asked for, in order, so that a
   * batch may be queued whose tokens are still to be drawn ({@link ForwardBatch#drawn}). Else both
   * are through when they return.
   */
  default boolean drawsAhead() {
    return false;
  }

  /** The operations of models that read whole texts at once. */
  EncoderOperations encoders();

  /** Copies {@code x} to the host as fp32, row-major. Waits for the device. */
  float[] toHost(Tensor x);

  @Override
  void close();
}
