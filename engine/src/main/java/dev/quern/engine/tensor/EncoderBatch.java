package dev.quern.engine.tensor;

/** {@link PackedTokens} brought to the device for one pass; belongs to the workspace. */
public interface EncoderBatch {
  PackedTokens host();

  /** {@code [tokens]} ids, for the embedding lookup. */
  Tensor tokenIds();

  /** {@code [tokens]} */
  Tensor positions();

  /** {@code [tokens]} */
  Tensor tokenTypeIds();
}
