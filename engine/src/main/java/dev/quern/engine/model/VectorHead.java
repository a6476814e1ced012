package dev.quern.engine.model;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.EncoderBatch;
import dev.quern.engine.tensor.EncoderOperations;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.PointwiseFunction;
import dev.quern.engine.tensor.Pooling;
import dev.quern.engine.tensor.Tensor;
import dev.quern.store.Checkpoint;
import java.util.ArrayList;
import java.util.List;

/**
 * Vectors as sentence-transformers makes them: pooled, through dense layers, scaled to length one.
 *
 * @param pooling several are joined
 * @param dtype of the dense layers; all else is fp32
 */
record VectorHead(
    List<Pooling> pooling, List<Dense> dense, boolean normalise, DType dtype, int outputSize)
    implements EncoderHead {

  /** {@code function(x W^T + b)}. */
  record Dense(LinearWeight weight, PointwiseFunction function) {}

  VectorHead {
    pooling = List.copyOf(pooling);
    dense = List.copyOf(dense);
  }

  /**
   * @param modules folders of the dense layers
   */
  static VectorHead load(
      FamilyContext context,
      int hiddenSize,
      List<Pooling> pooling,
      List<SentenceTransformersLayout.DenseModule> modules,
      boolean normalise) {
    int size = hiddenSize * pooling.size();
    List<Dense> dense = new ArrayList<>();
    for (SentenceTransformersLayout.DenseModule module : modules) {
      Checkpoint checkpoint = Checkpoint.open(module.folder());
      ModelConfig config = ModelConfig.of(checkpoint);
      int inFeatures = config.positiveInt("in_features");
      if (inFeatures != size) {
        throw config.error(
            "in_features", "is " + inFeatures + ", and what comes before is " + size);
      }
      size = config.positiveInt("out_features");
      if (config.flag("use_residual", false)) {
        throw config.error("use_residual", "is true, which Quern does not compute");
      }
      dense.add(
          new Dense(
              context
                  .weights()
                  .of(checkpoint)
                  .linear("linear", size, inFeatures, config.flag("bias", true)),
              function(config)));
    }
    return new VectorHead(pooling, dense, normalise, context.loader().dtype(), size);
  }

  private static PointwiseFunction function(ModelConfig config) {
    String name = config.text("activation_function").orElse("torch.nn.modules.activation.Tanh");
    return switch (name.substring(name.lastIndexOf('.') + 1)) {
      case "Identity" -> PointwiseFunction.IDENTITY;
      case "Tanh" -> PointwiseFunction.TANH;
      case "ReLU" -> PointwiseFunction.RELU;
      case "GELU" -> PointwiseFunction.GELU;
      case "SiLU" -> PointwiseFunction.SILU;
      case "Sigmoid" -> PointwiseFunction.SIGMOID;
      default ->
          throw config.error(
              "activation_function",
              "is '"
                  + name
                  + "', which Quern does not compute: Identity, Tanh, ReLU, GELU, SiLU and Sigmoid"
                  + " are supported");
    };
  }

  @Override
  public float[] outputs(Backend backend, Tensor hidden, EncoderBatch batch) {
    EncoderOperations encoders = backend.encoders();
    Tensor[] pooled =
        pooling.stream().map(mode -> encoders.pool(hidden, mode, batch)).toArray(Tensor[]::new);
    Tensor x = pooled.length == 1 ? pooled[0] : encoders.concatenated(pooled);
    if (!dense.isEmpty()) {
      x = encoders.converted(x, dtype);
      for (Dense layer : dense) {
        x = encoders.linear(x, layer.weight(), layer.function());
      }
      x = encoders.converted(x, DType.F32);
    }
    return backend.toHost(normalise ? encoders.normalised(x) : x);
  }
}
