package dev.quern.engine.tensor;

/** A {@link ForwardBatch} brought to the device for one step; belongs to the workspace. */
public interface DeviceBatch {
  ForwardBatch host();

  /** {@code [tokens]} ids, for the embedding lookup. */
  Tensor tokenIds();

  /** {@code [logitRows]} row numbers, for picking the rows whose logits are wanted. */
  Tensor logitRows();
}
