package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.DeviceBuffer;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.ExpertWeights;
import dev.quern.engine.tensor.LinearWeight;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.WeightLoader;
import dev.quern.engine.tensor.WeightSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Weights of one model. Products take a matrix as it is stored, so tied tables are not copied. */
final class CudaWeights implements WeightLoader {
  private final WeightMemory memory;
  private final WeightUploads uploads;
  private final DType dtype;
  private final Runnable users;
  private MemoryUse use = MemoryUse.NONE;

  /**
   * Weights in {@code dtype}.
   *
   * @param users is told before the weights are gone
   */
  CudaWeights(WeightMemory memory, WeightUploads uploads, DType dtype, Runnable users) {
    this.memory = memory;
    this.uploads = uploads;
    this.dtype = dtype;
    this.users = users;
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public Tensor tensor(WeightSource source) {
    return loaded(source, dtype, 0);
  }

  @Override
  public Tensor norm(WeightSource source, float offset) {
    return loaded(source, DType.F32, offset);
  }

  private CudaTensor loaded(WeightSource source, DType type, float offset) {
    return CudaErrors.named(
        "loading " + source.entry().name(),
        () -> {
          DeviceBuffer buffer = take(elements(source) * type.bytes());
          uploads.upload(buffer, source, type, offset);
          return new CudaTensor(buffer, type, shape(source));
        });
  }

  @Override
  public LinearWeight linear(List<WeightSource> parts, @Nullable List<WeightSource> biases) {
    if (biases != null && biases.size() != parts.size()) {
      throw new IllegalArgumentException(biases.size() + " biases for " + parts.size() + " parts");
    }
    return CudaErrors.named(
        "loading " + parts.getFirst().entry().name(),
        () -> {
          long inFeatures = parts.getFirst().entry().shape().getLast();
          return new CudaLinear(
              stacked(parts),
              biases == null ? null : stacked(biases),
              elements(parts) / inFeatures,
              inFeatures);
        });
  }

  @Override
  public LinearWeight tied(Tensor table) {
    return new CudaLinear(CudaTensor.of(table).buffer(), null, table.size(0), table.size(1));
  }

  @Override
  public ExpertWeights experts(List<List<WeightSource>> gateUp, List<WeightSource> down) {
    return CudaErrors.named(
        "loading " + down.getFirst().entry().name(),
        () -> {
          List<Long> shape = down.getFirst().entry().shape();
          int intermediate = Math.toIntExact(shape.getLast());
          int hidden = Math.toIntExact(elements(down.getFirst()) / intermediate);
          List<WeightSource> firsts = gateUp.stream().flatMap(List::stream).toList();
          return new CudaExperts(
              gateUp.size(), hidden, intermediate, stacked(firsts), stacked(down));
        });
  }

  @Override
  public MemoryUse memoryUse() {
    return use;
  }

  @Override
  public void close() {
    // A copy that is still under way must not write to what may be another's by then.
    CudaErrors.close(List.<AutoCloseable>of(users::run, uploads::arrive, memory));
  }

  /** All parts, one after another. */
  private DeviceBuffer stacked(List<WeightSource> parts) {
    DeviceBuffer whole = take(elements(parts) * dtype.bytes());
    long at = 0;
    for (WeightSource part : parts) {
      long bytes = elements(part) * dtype.bytes();
      uploads.upload(whole.slice(at, bytes), part, dtype, 0);
      at += bytes;
    }
    return whole;
  }

  private DeviceBuffer take(long bytes) {
    DeviceBuffer buffer = memory.take(bytes);
    use = use.plus(new MemoryUse(bytes, 0));
    return buffer;
  }

  private static long elements(List<WeightSource> parts) {
    return parts.stream().mapToLong(CudaWeights::elements).sum();
  }

  private static long elements(WeightSource source) {
    return source.entry().elements() / source.entry().shape().getFirst() * source.rows();
  }

  private static long[] shape(WeightSource source) {
    long[] shape = source.entry().shape().stream().mapToLong(Long::longValue).toArray();
    shape[0] = source.rows();
    return shape;
  }
}
