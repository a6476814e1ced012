package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaKernel;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.LaunchShape;
import org.jspecify.annotations.Nullable;

/**
 * {@code norm.cu}: RMSNorm and LayerNorm, with the residual sum before them in the same pass.
 * Weights and biases are fp32 whatever the type.
 */
public final class NormKernels {
  private static final int MOST_THREADS = 512;
  private static final int SCRATCH_FLOATS = 32;

  private final KernelModule module;

  public NormKernels(KernelModule module) {
    this.module = module;
  }

  /**
   * The residual stream before a norm.
   *
   * @param sum {@code [rows, hidden]} gets {@code residual + x}; may be {@code residual}
   * @param residual {@code [rows, hidden]}
   */
  public record Residual(DeviceBuffer sum, DeviceBuffer residual) {}

  /**
   * {@code out = x / rms(x) * weight}, or of {@code residual + x} when there is one.
   *
   * @param x {@code [rows, hidden]}
   * @param weight {@code [hidden]} fp32
   */
  public void rmsNorm(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer x,
      @Nullable Residual residual,
      DeviceBuffer weight,
      float epsilon,
      int rows,
      int hidden) {
    check(type, out, x, residual, weight, rows, hidden);
    CudaKernel kernel = module.kernel("rms_norm_" + type.suffix(), 7);
    inputs(kernel, out, x, residual).buffer(weight).number(epsilon).integer(hidden);
    kernel.launch(stream, shape(rows, hidden));
  }

  /** LayerNorm likewise, with an optional {@code bias [hidden]}, fp32 too. */
  public void layerNorm(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer x,
      @Nullable Residual residual,
      DeviceBuffer weight,
      @Nullable DeviceBuffer bias,
      float epsilon,
      int rows,
      int hidden) {
    check(type, out, x, residual, weight, rows, hidden);
    CudaKernel kernel = module.kernel("layer_norm_" + type.suffix(), 8);
    CudaKernel.Arguments arguments = inputs(kernel, out, x, residual).buffer(weight);
    if (bias == null) {
      arguments.nothing();
    } else {
      Shapes.requireBytes("bias", bias, hidden, Float.BYTES);
      arguments.buffer(bias);
    }
    arguments.number(epsilon).integer(hidden);
    kernel.launch(stream, shape(rows, hidden));
  }

  private static CudaKernel.Arguments inputs(
      CudaKernel kernel, DeviceBuffer out, DeviceBuffer x, @Nullable Residual residual) {
    CudaKernel.Arguments arguments = kernel.arguments().buffer(out);
    if (residual == null) {
      return arguments.nothing().buffer(x).nothing();
    }
    return arguments.buffer(residual.sum()).buffer(x).buffer(residual.residual());
  }

  private static void check(
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer x,
      @Nullable Residual residual,
      DeviceBuffer weight,
      int rows,
      int hidden) {
    Shapes.requireVectors("hidden", hidden);
    long elements = (long) rows * hidden;
    Shapes.requireBytes("out", out, elements, type.bytes());
    Shapes.requireBytes("x", x, elements, type.bytes());
    Shapes.requireBytes("weight", weight, hidden, Float.BYTES);
    if (residual != null) {
      Shapes.requireBytes("sum", residual.sum(), elements, type.bytes());
      Shapes.requireBytes("residual", residual.residual(), elements, type.bytes());
    }
  }

  private static LaunchShape shape(int rows, int hidden) {
    return new LaunchShape(
        rows,
        1,
        1,
        Shapes.threads(hidden / Shapes.VECTOR, MOST_THREADS),
        Float.BYTES * (hidden + SCRATCH_FLOATS));
  }
}
