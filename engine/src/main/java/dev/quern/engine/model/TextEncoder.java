package dev.quern.engine.model;

import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.MemoryUse;
import java.util.List;

/**
 * A model that turns texts into vectors or class scores, with its weights on a device. All but
 * {@link #description} is called on the device's thread. Frees its weights at close.
 */
public interface TextEncoder extends AutoCloseable {
  /** What the model is; readable from any thread, also after close. */
  EncoderDescription description();

  DType dtype();

  long parameters();

  MemoryUse memoryUse();

  /**
   * One forward pass over all inputs, in a workspace of its own: none may be open. An input's
   * result does not depend on the others beyond the last bits of rounding. Cost grows with the sum
   * of the lengths alone: there is no padding, and the order is free.
   *
   * @param inputs each of 1 to {@link EncoderDescription#maxTokens} tokens
   * @return {@code [inputs][outputSize]}, in the order of the inputs: vectors (pooled, through the
   *     dense layers and normalised where the checkpoint's layout says so), or raw class scores
   * @throws dev.quern.store.QuernException BAD_REQUEST for an input that is too long or holds a
   *     token outside the vocabulary; OUT_OF_MEMORY with the numbers
   */
  float[][] encode(List<EncoderInput> inputs);

  @Override
  void close();
}
