package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.EncoderBatch;
import dev.quern.engine.tensor.Pooling;
import dev.quern.engine.tensor.Tensor;

/** The layers of an encoder: gives every token of a text a vector that knows the text. */
interface EncoderStack extends AutoCloseable {
  EncoderShape shape();

  /** How the family's models pool where no layout says. */
  Pooling defaultPooling();

  /** {@code [tokens, hiddenSize]}, owned by the current workspace. */
  Tensor forward(Backend backend, EncoderBatch batch);

  /** Frees what the stack holds beside its weights. */
  @Override
  void close();
}
