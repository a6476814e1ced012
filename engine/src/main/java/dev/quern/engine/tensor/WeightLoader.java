package dev.quern.engine.tensor;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Brings checkpoint tensors to the device in the model's type. Everything it returned is freed when
 * it is closed. Where the stored type is the model's type and no other layout pays, the bytes stay
 * mapped from the file and are not copied.
 */
public interface WeightLoader extends AutoCloseable {
  /** The type that weights are converted to (bf16, fp16 or fp32). */
  DType dtype();

  /** A lookup table or other plain tensor, {@code [rows, ...]}, in {@link #dtype()}. */
  Tensor tensor(WeightSource source);

  /**
   * A norm's weight {@code [hiddenSize]} plus {@code offset}, in fp32 so that Gemma's {@code 1 + w}
   * loses nothing.
   */
  Tensor norm(WeightSource source, float offset);

  /**
   * A linear layer of {@code parts} stacked along the output features (q, k, v; gate, up).
   *
   * @param biases as many as parts, or null for no bias
   */
  LinearWeight linear(List<WeightSource> parts, @Nullable List<WeightSource> biases);

  /**
   * A linear layer that uses an embedding table already loaded (tied embeddings); not copied twice
   * unless the backend's layout for products differs.
   */
  LinearWeight tied(Tensor table);

  /**
   * All experts of a mixture layer.
   *
   * @param gateUp per expert the parts of {@code [2 * intermediate, hidden]}: gate, then up
   * @param down per expert {@code [hidden, intermediate]}
   */
  ExpertWeights experts(List<List<WeightSource>> gateUp, List<WeightSource> down);

  /** Bytes taken so far beyond mapped files, and bytes mapped. */
  MemoryUse memoryUse();

  /** Frees every weight. */
  @Override
  void close();
}
