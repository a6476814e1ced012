package dev.quern.cuda.blas;

import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.kernel.ElementType;
import dev.quern.cuda.kernel.LinearKernels;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Products {@code x W^T + bias}, each by the way that suits it.
 *
 * <p>Up to {@link LinearKernels#MOST_VECTOR_ROWS} rows, which is decoding, a product takes as long
 * as reading the weight, and the mat-vec kernels read it once, in whole vectors. Above, the work is
 * arithmetic: cuBLASLt reaches the newer tensor core instructions (wgmma, tcgen05) that Quern's own
 * kernels leave alone, so it is used where the host has it. Where it has no algorithm for a shape,
 * Quern's own kernels serve, and the log says so once. fp32 stays with Quern's own kernels: there a
 * row's result has the same bits in any batch, which cuBLASLt's algorithms do not promise.
 */
public final class MatrixProducts {
  private static final Logger LOG = LoggerFactory.getLogger(MatrixProducts.class);

  private final LinearKernels kernels;
  private final @Nullable CublasLt cublas;
  private boolean refusalLogged;

  /**
   * @param cublas null where the host has none; stays the caller's to close
   */
  public MatrixProducts(LinearKernels kernels, @Nullable CublasLt cublas) {
    this.kernels = kernels;
    this.cublas = cublas;
  }

  /**
   * Queues {@code out = x W^T + bias}.
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
    if (cublas != null && !LinearKernels.isByVector(type, rows)) {
      if (cublas.linear(stream, type, out, x, weight, bias, rows, outFeatures, inFeatures)) {
        return;
      }
      logRefusal(type, rows, outFeatures, inFeatures);
    }
    kernels.linear(stream, type, out, x, weight, bias, rows, outFeatures, inFeatures);
  }

  private void logRefusal(ElementType type, int rows, int outFeatures, int inFeatures) {
    if (!refusalLogged) {
      refusalLogged = true;
      LOG.warn(
          "cuBLASLt has no algorithm for {} x {} by {} in {}; Quern's own kernels serve",
          rows,
          inFeatures,
          outFeatures,
          type);
    }
  }
}
