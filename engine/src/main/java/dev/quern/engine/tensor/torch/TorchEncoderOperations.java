package dev.quern.engine.tensor.torch;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.IValue;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.EncoderBatch;
import dev.quern.engine.tensor.EncoderOperations;
import dev.quern.engine.tensor.HeadLayout;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.PackedTokens;
import dev.quern.engine.tensor.PointwiseFunction;
import dev.quern.engine.tensor.Pooling;
import dev.quern.engine.tensor.RelativeBias;
import dev.quern.engine.tensor.RopeTable;
import dev.quern.engine.tensor.Tensor;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Encoder operations as calls into libtorch, one each. Texts of one length attend together, so
 * nothing is padded; functions and sums after a product are computed as oneDNN writes the product.
 */
final class TorchEncoderOperations implements EncoderOperations, AutoCloseable {
  private final TorchBackend backend;
  private final TorchScript script;
  private final IValue nothing;
  private final IValue noBiases;
  private final TorchLanes lanes;

  /**
   * @param processors that passes may use
   */
  TorchEncoderOperations(
      TorchBackend backend, NDManager manager, TorchArena lasting, int processors) {
    this.backend = backend;
    lanes = new TorchLanes(backend, processors);
    script = new TorchScript(manager, "Encoders", "products.py");
    nothing = lasting.keep(script.call("nothing"));
    noBiases = lasting.keep(script.call("no_biases"));
  }

  @Override
  public EncoderBatch upload(PackedTokens tokens) {
    TorchArena arena = backend.step();
    IValue[] indices;
    try (IValue tuple =
        script.call(
            "indices",
            TorchBackend.longs(tokens.tokenIds()),
            TorchBackend.longs(tokens.positions()),
            TorchBackend.longs(tokens.tokenTypeIds()))) {
      indices = tuple.toIValueTuple();
    }
    return new TorchEncoderBatch(
        arena,
        tokens,
        arena.tensor(indices[0], DType.I64, tokens.tokens()),
        arena.tensor(indices[1], DType.I64, tokens.tokens()),
        arena.tensor(indices[2], DType.I64, tokens.tokens()),
        arena.keep(IValue.listFrom(TorchEncoderBatch.groups(tokens))));
  }

  @Override
  public Tensor layerNorm(Tensor x, LayerNorm norm) {
    return TorchBackend.like(
        x,
        backend.step(),
        script.call(
            "layer_norm", value(x), value(norm.weight()), bias(norm.bias()), norm.epsilon()));
  }

  @Override
  public Tensor linearAddNorm(Tensor x, LinearWeight weight, Tensor residual, LayerNorm norm) {
    TorchLinear linear = (TorchLinear) weight;
    return TorchBackend.like(
        residual,
        backend.step(),
        script.call(
            "linear_add_norm",
            value(x),
            linear.weight(),
            linear.bias(),
            linear.products().number(),
            value(residual),
            value(norm.weight()),
            bias(norm.bias()),
            norm.epsilon()));
  }

  @Override
  public Tensor linearAdd(Tensor x, LinearWeight weight, Tensor residual) {
    TorchLinear linear = (TorchLinear) weight;
    return TorchBackend.like(
        residual,
        backend.step(),
        script.call(
            "linear_add",
            value(x),
            linear.weight(),
            linear.bias(),
            linear.products().number(),
            value(residual)));
  }

  @Override
  public Tensor linear(Tensor x, LinearWeight weight, PointwiseFunction function) {
    TorchArena arena = backend.step();
    TorchLinear linear = (TorchLinear) weight;
    return arena.tensor(
        script.call(
            "linear",
            value(x),
            linear.weight(),
            linear.bias(),
            linear.products().number(),
            number(function)),
        x.dtype(),
        x.size(0),
        linear.outFeatures());
  }

  private static int number(PointwiseFunction function) {
    return switch (function) {
      case IDENTITY -> 0;
      case RELU -> 1;
      case TANH -> 2;
      case SIGMOID -> 3;
      case SILU -> 4;
      case GELU -> 5;
      case GELU_TANH -> 6;
    };
  }

  @Override
  public Tensor attention(
      Tensor qkv,
      HeadLayout heads,
      Visibility visibility,
      AttentionPositions positions,
      EncoderBatch batch) {
    TorchArena arena = backend.step();
    TorchEncoderBatch pass = (TorchEncoderBatch) batch;
    Backend.@Nullable HeadNorms norms = positions.norms();
    TorchBatch.@Nullable Rotation rotation = rotation(positions.rope(), pass);
    if (norms != null && rotation == null) {
      throw new IllegalArgumentException("norms of heads without rotation");
    }
    if (positions.bias() != null && visibility.before() < pass.host().tokens()) {
      throw new IllegalArgumentException("a relative bias within a window");
    }
    IValue out =
        script.call(
            "attention",
            value(qkv),
            heads.queryHeads(),
            heads.kvHeads(),
            norms == null ? nothing : value(norms.query()),
            norms == null ? nothing : value(norms.key()),
            norms == null ? 0f : norms.epsilon(),
            rotation == null ? nothing : rotation.cosines(),
            rotation == null ? nothing : rotation.sines(),
            pass.groups,
            biases(positions.bias(), pass),
            visibility.scale(),
            visibility.before(),
            visibility.after());
    return arena.tensor(out, qkv.dtype(), qkv.size(0), (long) heads.queryHeads() * heads.headDim());
  }

  private TorchBatch.@Nullable Rotation rotation(@Nullable RopeTable rope, TorchEncoderBatch pass) {
    if (rope == null) {
      return null;
    }
    return pass.rotations.computeIfAbsent(
        (TorchRope) rope,
        table -> {
          try (IValue tuple =
              script.call("rotation", table.cosines(), table.sines(), value(pass.positions()))) {
            IValue[] parts = tuple.toIValueTuple();
            return new TorchBatch.Rotation(pass.arena.keep(parts[0]), pass.arena.keep(parts[1]));
          }
        });
  }

  private IValue biases(@Nullable RelativeBias bias, TorchEncoderBatch pass) {
    if (bias == null) {
      return noBiases;
    }
    return pass.biases.computeIfAbsent(
        (TorchRelativeBias) bias,
        relative ->
            pass.arena.keep(
                script.call(
                    "biases",
                    relative.table(),
                    relative.buckets(),
                    relative.maxTokens(),
                    pass.groups)));
  }

  @Override
  public RelativeBias relativeBias(Tensor table, int[] buckets) {
    if (buckets.length % 2 == 0) {
      throw new IllegalArgumentException(buckets.length + " distances");
    }
    TorchArena arena = backend.newArena();
    return new TorchRelativeBias(
        arena,
        arena.keep(script.call("converted", value(table), ScalarTypes.of(table.dtype()))),
        arena.keep(script.call("numbers", TorchBackend.longs(buckets))),
        (buckets.length + 1) / 2);
  }

  @Override
  public Tensor pool(Tensor x, Pooling pooling, EncoderBatch batch) {
    TorchArena arena = backend.step();
    TorchEncoderBatch pass = (TorchEncoderBatch) batch;
    return arena.tensor(
        script.call("pool", value(x), pass.groups, number(pooling)),
        DType.F32,
        pass.host().texts(),
        x.size(1));
  }

  private static int number(Pooling pooling) {
    return switch (pooling) {
      case CLS -> 0;
      case MAX -> 1;
      case MEAN -> 2;
      case MEAN_SQRT_LENGTH -> 3;
      case WEIGHTED_MEAN -> 4;
      case LAST_TOKEN -> 5;
    };
  }

  @Override
  public Tensor concatenated(Tensor... parts) {
    TorchArena arena = backend.step();
    IValue[] values = new IValue[parts.length];
    long columns = 0;
    for (int i = 0; i < parts.length; i++) {
      values[i] = value(parts[i]);
      columns += parts[i].size(1);
    }
    try (IValue list = IValue.listFrom(values)) {
      return arena.tensor(
          script.call("concatenated", list), parts[0].dtype(), parts[0].size(0), columns);
    }
  }

  @Override
  public Tensor converted(Tensor x, DType dtype) {
    return backend
        .step()
        .tensor(script.call("converted", value(x), ScalarTypes.of(dtype)), dtype, x.shape());
  }

  @Override
  public Tensor pointwise(Tensor x, PointwiseFunction function) {
    return TorchBackend.like(
        x, backend.step(), script.call("pointwise", value(x), number(function)));
  }

  @Override
  public Tensor normalised(Tensor x) {
    return TorchBackend.like(x, backend.step(), script.call("normalised", value(x)));
  }

  @Override
  public List<Tensor> advance(List<Tensor> state, UnaryOperator<List<Tensor>> layer) {
    return backend.advance(state, layer);
  }

  @Override
  public int lanes() {
    return lanes.count();
  }

  @Override
  public <T> List<T> sideBySide(List<Supplier<T>> passes) {
    backend.checkThread();
    return lanes.run(passes);
  }

  private static IValue value(Tensor tensor) {
    return ((TorchTensor) tensor).value();
  }

  private IValue bias(@Nullable Tensor tensor) {
    return tensor == null ? nothing : value(tensor);
  }

  @Override
  public void close() {
    lanes.close();
    script.close();
  }
}
