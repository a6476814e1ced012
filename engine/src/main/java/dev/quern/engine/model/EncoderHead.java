package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.EncoderBatch;
import dev.quern.engine.tensor.Tensor;

/** What makes one result a text of the vectors of its tokens. */
interface EncoderHead {
  int outputSize();

  /** What of an input is read. */
  default EncoderInput read(EncoderInput input) {
    return input;
  }

  /**
   * One result a text, after another.
   *
   * @param hidden {@code [tokens, hiddenSize]}
   * @return {@code [texts * outputSize]} on the host
   */
  float[] outputs(Backend backend, Tensor hidden, EncoderBatch batch);
}
