package dev.quern.cuda.blas;

import dev.quern.cuda.CudaException;
import dev.quern.cuda.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import org.bytedeco.cuda.global.cublas;

/** cuBLASLt's functions, most of which return a {@code cublasStatus_t}. */
final class CublasLtLibrary {
  private static final String NAME = "libcublasLt.so.13";

  private final NativeLibrary library;

  private CublasLtLibrary(NativeLibrary library) {
    this.library = library;
  }

  /**
   * @param path absolute path
   * @throws CudaException when it cannot be loaded
   */
  static CublasLtLibrary load(Path path) {
    return new CublasLtLibrary(
        NativeLibrary.load(
            "cuBLASLt",
            NAME,
            path,
            "install cuBLAS of CUDA 12 or 13, or take it out of the library folders: Quern's own"
                + " kernels serve without it"));
  }

  String place() {
    return library.place();
  }

  /** E.g. {@code 13.1.0}. Needs no device. */
  String version() {
    long version = library.callForSize("cublasLtGetVersion");
    // Since 11: major * 10000 + minor * 100 + patch.
    return version / 10_000 + "." + version / 100 % 100 + "." + version % 100;
  }

  /** Calls {@code function} and checks its status; arguments as for {@link NativeLibrary#call}. */
  void call(String function, Object... arguments) {
    check(function, callUnchecked(function, arguments));
  }

  int callUnchecked(String function, Object... arguments) {
    return library.call(function, arguments);
  }

  void check(String function, int status) {
    if (status != cublas.CUBLAS_STATUS_SUCCESS) {
      throw failure(function, status);
    }
  }

  CudaException failure(String call, int status) {
    String name = library.callForText("cublasLtGetStatusName", status);
    return new CudaException(call + " failed: " + name + " (" + status + ")");
  }

  /** The handle that {@code function} writes to its first argument. */
  MemorySegment create(String function, Object... others) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      Object[] arguments = new Object[others.length + 1];
      arguments[0] = out;
      System.arraycopy(others, 0, arguments, 1, others.length);
      call(function, arguments);
      return out.get(ValueLayout.ADDRESS, 0);
    }
  }

  MethodHandle matmul() {
    return library.handle(
        "cublasLtMatmul",
        FunctionDescriptor.of(
            ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS, // handle
            ValueLayout.ADDRESS, // operation
            ValueLayout.ADDRESS, // alpha, on the host
            ValueLayout.JAVA_LONG, // A
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG, // B
            ValueLayout.ADDRESS,
            ValueLayout.ADDRESS, // beta, on the host
            ValueLayout.JAVA_LONG, // C
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG, // D
            ValueLayout.ADDRESS,
            ValueLayout.ADDRESS, // algorithm
            ValueLayout.JAVA_LONG, // workspace
            ValueLayout.JAVA_LONG, // its size
            ValueLayout.ADDRESS)); // stream
  }

  MethodHandle setOperationAttribute() {
    return library.handle(
        "cublasLtMatmulDescSetAttribute",
        FunctionDescriptor.of(
            ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG));
  }
}
