package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.EncoderBatch;
import dev.quern.engine.tensor.EncoderOperations.AttentionPositions;
import dev.quern.engine.tensor.EncoderOperations.Visibility;
import dev.quern.engine.tensor.Pooling;
import dev.quern.engine.tensor.RelativeBias;
import dev.quern.engine.tensor.RopeTable;
import dev.quern.engine.tensor.Tensor;
import java.util.List;

/**
 * The stack that BERT and its kin share; a family says what its layers are and how they see
 * positions. See {@link BertModel} for the plainest.
 */
record PostNormEncoder(
    EncoderShape shape,
    EncoderEmbeddings embeddings,
    List<PostNormLayer> layers,
    AttentionPositions positions)
    implements EncoderStack {
  PostNormEncoder {
    layers = List.copyOf(layers);
  }

  @Override
  public Pooling defaultPooling() {
    return Pooling.MEAN;
  }

  @Override
  public Tensor forward(Backend backend, EncoderBatch batch) {
    List<Tensor> x = List.of(embeddings.forward(backend, batch));
    for (PostNormLayer layer : layers) {
      float scale = (float) (1 / Math.sqrt(layer.heads().headDim()));
      Visibility visibility = Visibility.full(scale);
      x =
          backend
              .encoders()
              .advance(
                  x,
                  state ->
                      List.of(
                          layer.forward(backend, batch, visibility, positions, state.getFirst())));
    }
    return x.getFirst();
  }

  @Override
  public void close() {
    RopeTable rope = positions.rope();
    if (rope != null) {
      rope.close();
    }
    RelativeBias bias = positions.bias();
    if (bias != null) {
      bias.close();
    }
  }
}
