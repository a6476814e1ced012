package dev.quern.engine.tensor;

/**
 * Rotary position embedding in the half-split form of Hugging Face checkpoints: cosines and sines
 * {@code [positions, rotaryDim / 2]} in fp32, on the device. Made once a model from host values,
 * with whatever scaling (linear, llama3, yarn, longrope) already in the numbers.
 */
public interface RopeTable extends AutoCloseable {
  int positions();

  /** Leading dimensions of each head that are rotated; at most the head's size. */
  int rotaryDim();

  /** Frees both tables; the model that asked for them does so. */
  @Override
  void close();
}
