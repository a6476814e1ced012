package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaKernel;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.LaunchShape;
import org.jspecify.annotations.Nullable;

/** {@code linear.cu}: {@code x W^T + bias} without cuBLAS. */
public final class LinearKernels {
  /** Up to so many rows the weight is read once, by the mat-vec kernels. */
  public static final int MOST_VECTOR_ROWS = 8;

  private static final int VECTOR_FEATURES = 4;
  private static final int TILE = 64;
  private static final int PLAIN_TILE = 32;

  /** Two stages of two tiles of 64 rows, 32 + 8 elements each. */
  private static final int TILE_ELEMENTS = 2 * 2 * TILE * 40;

  private final KernelModule module;

  public LinearKernels(KernelModule module) {
    this.module = module;
  }

  /**
   * {@code out = x W^T + bias}, by the way that suits the number of rows.
   *
   * @param out {@code [rows, outFeatures]}
   * @param x {@code [rows, inFeatures]}
   * @param weight {@code [outFeatures, inFeatures]}
   * @param bias {@code [outFeatures]} or null
   */
  public void linear(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer x,
      DeviceBuffer weight,
      @Nullable DeviceBuffer bias,
      int rows,
      int outFeatures,
      int inFeatures) {
    Shapes.requireVectors("inFeatures", inFeatures);
    Shapes.requireBytes("out", out, (long) rows * outFeatures, type.bytes());
    Shapes.requireBytes("x", x, (long) rows * inFeatures, type.bytes());
    Shapes.requireBytes("weight", weight, (long) outFeatures * inFeatures, type.bytes());
    if (bias != null) {
      Shapes.requireBytes("bias", bias, outFeatures, type.bytes());
    }
    Way way = way(type, rows, outFeatures);
    CudaKernel kernel = module.kernel(way.kernel(), 7);
    CudaKernel.Arguments arguments = kernel.arguments().buffer(out).buffer(x).buffer(weight);
    if (bias == null) {
      arguments.nothing();
    } else {
      arguments.buffer(bias);
    }
    arguments.integer(rows).integer(outFeatures).integer(inFeatures);
    kernel.launch(stream, way.shape());
  }

  private record Way(String kernel, LaunchShape shape) {}

  private Way way(ElementType type, int rows, int outFeatures) {
    if (rows <= MOST_VECTOR_ROWS) {
      int vectorRows = rows == 1 ? 1 : Integer.highestOneBit(rows - 1) * 2;
      return new Way(
          "matrix_vector_" + type.suffix() + "_" + vectorRows,
          LaunchShape.of(Shapes.ceilDiv(outFeatures, VECTOR_FEATURES), 128));
    }
    if (module.hasTensorCores(type)) {
      return new Way(
          "gemm_" + type.suffix(),
          new LaunchShape(
              Shapes.ceilDiv(outFeatures, TILE),
              Shapes.ceilDiv(rows, TILE),
              1,
              128,
              TILE_ELEMENTS * type.bytes()));
    }
    return new Way(
        "plain_gemm_" + type.suffix(),
        new LaunchShape(
            Shapes.ceilDiv(outFeatures, PLAIN_TILE), Shapes.ceilDiv(rows, PLAIN_TILE), 1, 256, 0));
  }
}
