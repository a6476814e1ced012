package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaKernel;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.LaunchShape;
import org.jspecify.annotations.Nullable;

/** {@code linear.cu}: {@code x W^T + bias} without cuBLAS. */
public final class LinearKernels {
  /** Up to so many rows a weight of 16 bits is read once, by the mat-vec kernels. */
  public static final int MOST_VECTOR_ROWS = 8;

  static final int VECTOR_FEATURES = 4;
  static final int TILE = 64;
  private static final int PLAIN_TILE = 32;

  /** Two stages of two tiles of 64 rows, 32 + 8 elements of 16 bits each. */
  static final int TILE_BYTES = 2 * 2 * TILE * 40 * 2;

  private final KernelModule module;

  public LinearKernels(KernelModule module) {
    this.module = module;
  }

  /**
   * {@code out = x W^T + bias}, by the way that suits the number of rows; fp32 always by the same,
   * so that a row's result has the same bits in any batch.
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
    Shapes.requireBytes("out", out, (long) rows * outFeatures, type.bytes());
    check(type, x, weight, bias, rows, outFeatures, inFeatures);
    Way way = way(type, rows, outFeatures);
    CudaKernel kernel = module.kernel(way.kernel(), 7);
    inputs(kernel, out, x, weight, bias).integer(rows).integer(outFeatures).integer(inFeatures);
    kernel.launch(stream, way.shape());
  }

  /** Whether {@link #gated} takes so many rows; else {@link #linear} and a gate after it. */
  public static boolean hasGated(ElementType type, int rows) {
    return isByVector(type, rows);
  }

  /**
   * {@code out = gate(x W_gate^T) * (x W_up^T)} in one launch, for few rows; the same bits as
   * {@link #linear} and {@link ElementKernels#gated}.
   *
   * @param out {@code [rows, width]}
   * @param x {@code [rows, inFeatures]}
   * @param weight {@code [2 * width, inFeatures]}: gate, then up
   * @param bias {@code [2 * width]} or null
   */
  public void gated(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer x,
      DeviceBuffer weight,
      @Nullable DeviceBuffer bias,
      ElementKernels.Gate gate,
      int rows,
      int width,
      int inFeatures) {
    if (!hasGated(type, rows)) {
      throw new IllegalArgumentException("a gated product of " + rows + " rows of " + type);
    }
    Shapes.requireBytes("out", out, (long) rows * width, type.bytes());
    check(type, x, weight, bias, rows, 2 * width, inFeatures);
    CudaKernel kernel = module.kernel("gated_" + vectorName(type, rows), 8);
    inputs(kernel, out, x, weight, bias)
        .integer(gate.number())
        .integer(rows)
        .integer(width)
        .integer(inFeatures);
    kernel.launch(stream, vectorShape(rows, width));
  }

  private static void check(
      ElementType type,
      DeviceBuffer x,
      DeviceBuffer weight,
      @Nullable DeviceBuffer bias,
      int rows,
      int outFeatures,
      int inFeatures) {
    Shapes.requireVectors("inFeatures", inFeatures);
    Shapes.requireBytes("x", x, (long) rows * inFeatures, type.bytes());
    Shapes.requireBytes("weight", weight, (long) outFeatures * inFeatures, type.bytes());
    if (bias != null) {
      Shapes.requireBytes("bias", bias, outFeatures, type.bytes());
    }
  }

  private static CudaKernel.Arguments inputs(
      CudaKernel kernel,
      DeviceBuffer out,
      DeviceBuffer x,
      DeviceBuffer weight,
      @Nullable DeviceBuffer bias) {
    CudaKernel.Arguments arguments = kernel.arguments().buffer(out).buffer(x).buffer(weight);
    return bias == null ? arguments.nothing() : arguments.buffer(bias);
  }

  private record Way(String kernel, LaunchShape shape) {}

  private Way way(ElementType type, int rows, int outFeatures) {
    if (isByVector(type, rows)) {
      return new Way(vectorName(type, rows), vectorShape(rows, outFeatures));
    }
    if (module.hasTensorCores(type)) {
      return new Way(
          "gemm_" + type.suffix(),
          new LaunchShape(
              Shapes.ceilDiv(outFeatures, TILE), Shapes.ceilDiv(rows, TILE), 1, 128, TILE_BYTES));
    }
    return new Way(
        "plain_gemm_" + type.suffix(),
        new LaunchShape(
            Shapes.ceilDiv(outFeatures, PLAIN_TILE), Shapes.ceilDiv(rows, PLAIN_TILE), 1, 256, 0));
  }

  /** Whether {@link #linear} takes so many rows by the mat-vec kernels. */
  public static boolean isByVector(ElementType type, int rows) {
    return rows <= MOST_VECTOR_ROWS || type == ElementType.FP32;
  }

  private static String vectorName(ElementType type, int rows) {
    return "matrix_vector_" + type.suffix() + "_" + vectorRows(rows);
  }

  private static LaunchShape vectorShape(int rows, int outFeatures) {
    return new LaunchShape(
        Shapes.ceilDiv(outFeatures, VECTOR_FEATURES),
        Shapes.ceilDiv(rows, vectorRows(rows)),
        1,
        128,
        0);
  }

  /** Rows that a warp serves at once: 1, 2, 4 or 8. */
  private static int vectorRows(int rows) {
    return rows == 1 ? 1 : Math.min(MOST_VECTOR_ROWS, Integer.highestOneBit(rows - 1) * 2);
  }
}
