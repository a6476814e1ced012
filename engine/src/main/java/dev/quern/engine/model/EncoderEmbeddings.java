package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.EncoderBatch;
import dev.quern.engine.tensor.EncoderOperations.LayerNorm;
import dev.quern.engine.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@code LayerNorm(Token(ids) + Position(positions) + Type(types))}.
 *
 * @param positions {@code [positions, hiddenSize]}; null: the layers see positions by themselves
 * @param types {@code [types, hiddenSize]}; null: none
 */
record EncoderEmbeddings(
    Tensor tokens, @Nullable Tensor positions, @Nullable Tensor types, LayerNorm norm) {

  /** {@code [tokens, hiddenSize]}. */
  Tensor forward(Backend backend, EncoderBatch batch) {
    Tensor x = backend.embedding(tokens, batch.tokenIds());
    // In the order that the published models add them, for the sake of the last bits.
    if (types != null) {
      x = backend.add(x, backend.embedding(types, batch.tokenTypeIds()));
    }
    if (positions != null) {
      x = backend.add(x, backend.embedding(positions, batch.positions()));
    }
    return backend.encoders().layerNorm(x, norm);
  }
}
