package dev.quern.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import org.bytedeco.cuda.global.cudart;
import org.jspecify.annotations.Nullable;

/** The driver's functions, all of which return a {@code CUresult}. */
final class DriverLibrary {
  static final String DEFAULT_NAME = "libcuda.so.1";

  private final NativeLibrary library;

  private DriverLibrary(NativeLibrary library) {
    this.library = library;
  }

  /**
   * @param path absolute path, or null for {@link #DEFAULT_NAME} wherever the loader finds it
   * @throws CudaException when there is none, or it cannot be loaded
   */
  static DriverLibrary load(@Nullable Path path) {
    return new DriverLibrary(
        NativeLibrary.load(
            "NVIDIA driver",
            DEFAULT_NAME,
            path,
            "install the driver, "
                + CudaDriver.OLDEST_DRIVER
                + " or later, and in a container start it with --gpus all"));
  }

  String place() {
    return library.place();
  }

  /**
   * The handle of {@code function}, for calls too frequent for {@link #call}.
   *
   * @throws CudaException when the driver lacks it
   */
  MethodHandle handle(String function, MemoryLayout... arguments) {
    return library.handle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
  }

  /**
   * Calls {@code function} and checks its result.
   *
   * @param arguments as for {@link NativeLibrary#call}
   */
  void call(String function, Object... arguments) {
    check(function, callUnchecked(function, arguments));
  }

  int callUnchecked(String function, Object... arguments) {
    return library.call(function, arguments);
  }

  /** Throws a {@link CudaException} that names the call unless {@code result} is success. */
  void check(String function, int result) {
    if (result != cudart.CUDA_SUCCESS) {
      throw new CudaException(
          result, function + " failed: " + resultName(result) + " (" + result + ")");
    }
  }

  private String resultName(int result) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      if (callUnchecked("cuGetErrorName", result, out) != cudart.CUDA_SUCCESS) {
        return "an error without a name";
      }
      return NativeLibrary.text(out.get(ValueLayout.ADDRESS, 0));
    }
  }
}
