package dev.quern.cuda;

import org.bytedeco.cuda.global.cudart;

/** A driver call that failed, a budget that does not suffice, or a driver that cannot be used. */
public final class CudaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** {@link #result} of errors that no driver call returned. */
  public static final int NO_RESULT = -1;

  private final int result;

  public CudaException(int result, String message) {
    super(message);
    this.result = result;
  }

  public CudaException(String message) {
    this(NO_RESULT, message);
  }

  /** The driver's {@code CUresult}, or {@link #NO_RESULT}. */
  public int result() {
    return result;
  }

  public boolean isOutOfMemory() {
    return result == cudart.CUDA_ERROR_OUT_OF_MEMORY;
  }

  /**
   * Whether the context is beyond use: every later call fails the same way until it is closed and
   * {@linkplain CudaContext#reset reset}.
   */
  public boolean losesContext() {
    return switch (result) {
      case cudart.CUDA_ERROR_DEINITIALIZED,
          cudart.CUDA_ERROR_ECC_UNCORRECTABLE,
          cudart.CUDA_ERROR_ILLEGAL_ADDRESS,
          cudart.CUDA_ERROR_LAUNCH_TIMEOUT,
          cudart.CUDA_ERROR_ASSERT,
          cudart.CUDA_ERROR_HARDWARE_STACK_ERROR,
          cudart.CUDA_ERROR_ILLEGAL_INSTRUCTION,
          cudart.CUDA_ERROR_MISALIGNED_ADDRESS,
          cudart.CUDA_ERROR_INVALID_ADDRESS_SPACE,
          cudart.CUDA_ERROR_INVALID_PC,
          cudart.CUDA_ERROR_LAUNCH_FAILED,
          cudart.CUDA_ERROR_UNKNOWN ->
          true;
      default -> false;
    };
  }
}
