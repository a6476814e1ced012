package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import org.jspecify.annotations.Nullable;

/** Products {@code x W^T + bias} on a device with their results in float64. */
public final class ProductBench implements AutoCloseable {
  private static final long SEED = 20261201;

  /** The look-alike has the kernels linked in and reads no image. */
  private static final byte[] NO_IMAGE = new byte[16];

  private final KernelBench bench;

  public ProductBench(CudaContext context) {
    this.bench = new KernelBench(context, NO_IMAGE, SEED);
  }

  /** One product; {@code out} has not been written. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  public record Product(
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer x,
      DeviceBuffer weight,
      @Nullable DeviceBuffer bias,
      int rows,
      int outFeatures,
      int inFeatures,
      double[] expected) {}

  public CudaStream stream() {
    return bench.stream;
  }

  public LinearKernels kernels() {
    return new LinearKernels(bench.module);
  }

  public Product product(ElementType type, int rows, int outs, int ins, boolean biased) {
    double[] x = bench.normal(type, rows * ins);
    double[] weight = bench.normal(type, outs * ins);
    double[] bias = bench.normal(type, outs);
    double[] expected = new double[rows * outs];
    for (int i = 0; i < expected.length; i++) {
      double sum = biased ? bias[i % outs] : 0;
      for (int k = 0; k < ins; k++) {
        sum += x[i / outs * ins + k] * weight[i % outs * ins + k];
      }
      expected[i] = sum;
    }
    return new Product(
        type,
        bench.fresh(type, expected.length),
        bench.upload(type, x),
        bench.upload(type, weight),
        biased ? bench.upload(type, bias) : null,
        rows,
        outs,
        ins,
        expected);
  }

  /** The same product in memory that begins {@code bytes} after an allocation's start. */
  public Product shifted(Product product, long bytes) {
    DeviceBuffer bias = product.bias();
    return new Product(
        product.type(),
        shifted(product.out(), bytes),
        shifted(product.x(), bytes),
        shifted(product.weight(), bytes),
        bias == null ? null : shifted(bias, bytes),
        product.rows(),
        product.outFeatures(),
        product.inFeatures(),
        product.expected());
  }

  private DeviceBuffer shifted(DeviceBuffer buffer, long bytes) {
    DeviceBuffer moved = bench.fresh(buffer.bytes() + bytes).slice(bytes, buffer.bytes());
    bench.stream.copy(moved, buffer);
    return moved;
  }

  /** Overwrites the result. */
  public void clear(Product product) {
    bench.stream.fill(product.out(), (byte) 0);
  }

  public void expectRight(Product product) {
    String what = product.rows() + " x " + product.inFeatures() + " by " + product.outFeatures();
    bench.expect(what, product.type(), product.out(), product.expected());
  }

  @Override
  public void close() {
    bench.close();
  }
}
