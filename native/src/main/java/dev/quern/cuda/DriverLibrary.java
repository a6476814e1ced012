package dev.quern.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.cuda.global.cudart;
import org.jspecify.annotations.Nullable;

/**
 * The driver's shared library and its functions. Functions are looked up when first called, and all
 * of them return a {@code CUresult}. Loaded for as long as the process lives: a driver that has
 * been unloaded takes the process with it.
 */
@SuppressWarnings("restricted") // Calling a native library is what this class is for.
final class DriverLibrary {
  static final String DEFAULT_NAME = "libcuda.so.1";

  private static final Linker LINKER = Linker.nativeLinker();
  private static final int NAME_BYTES = 256;

  private final SymbolLookup symbols;
  private final String place;
  private final Map<String, MethodHandle> handles = new ConcurrentHashMap<>();

  private DriverLibrary(SymbolLookup symbols, String place) {
    this.symbols = symbols;
    this.place = place;
  }

  /**
   * @param library absolute path, or null for {@link #DEFAULT_NAME} wherever the loader finds it
   * @throws CudaException when there is none, or it cannot be loaded
   */
  static DriverLibrary load(@Nullable Path library) {
    String place = library == null ? DEFAULT_NAME : library.toString();
    try {
      SymbolLookup symbols =
          library == null
              ? SymbolLookup.libraryLookup(DEFAULT_NAME, Arena.global())
              : SymbolLookup.libraryLookup(library, Arena.global());
      return new DriverLibrary(symbols, place);
    } catch (IllegalArgumentException e) {
      throw new CudaException(
          "no NVIDIA driver: "
              + place
              + " cannot be loaded ("
              + e.getMessage()
              + "); install the driver, and in a container start it with --gpus all");
    }
  }

  String place() {
    return place;
  }

  /**
   * The handle of {@code function}, for calls too frequent for {@link #call}.
   *
   * @throws CudaException when the library lacks it
   */
  MethodHandle handle(String function, MemoryLayout... arguments) {
    return handles.computeIfAbsent(
        function, name -> LINKER.downcallHandle(address(name), descriptor(arguments)));
  }

  /**
   * Calls {@code function} and checks its result.
   *
   * @param arguments Integer, Long, Byte or MemorySegment, as the function's C types are
   */
  void call(String function, Object... arguments) {
    check(function, callUnchecked(function, arguments));
  }

  int callUnchecked(String function, Object... arguments) {
    MemoryLayout[] layouts = new MemoryLayout[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      layouts[i] = layout(arguments[i]);
    }
    try {
      return (int) handle(function, layouts).invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  /** Throws a {@link CudaException} that names the call unless {@code result} is success. */
  void check(String function, int result) {
    if (result != cudart.CUDA_SUCCESS) {
      throw new CudaException(
          result, function + " failed: " + resultName(result) + " (" + result + ")");
    }
  }

  /** What a call threw, which is never the driver's own failure: those are results. */
  static RuntimeException failure(Throwable thrown) {
    if (thrown instanceof RuntimeException e) {
      return e;
    }
    if (thrown instanceof Error e) {
      throw e;
    }
    return new IllegalStateException(thrown);
  }

  private String resultName(int result) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      if (callUnchecked("cuGetErrorName", result, out) != cudart.CUDA_SUCCESS) {
        return "an error without a name";
      }
      return out.get(ValueLayout.ADDRESS, 0).reinterpret(NAME_BYTES).getString(0);
    }
  }

  private MemorySegment address(String function) {
    return symbols
        .find(function)
        .orElseThrow(
            () ->
                new CudaException(
                    "the driver "
                        + place
                        + " has no function "
                        + function
                        + ": it is too old, or no NVIDIA driver; install driver "
                        + CudaDriver.OLDEST_DRIVER
                        + " or later"));
  }

  private static FunctionDescriptor descriptor(MemoryLayout... arguments) {
    return FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments);
  }

  private static MemoryLayout layout(Object argument) {
    return switch (argument) {
      case Integer _ -> ValueLayout.JAVA_INT;
      case Long _ -> ValueLayout.JAVA_LONG;
      case Byte _ -> ValueLayout.JAVA_BYTE;
      case MemorySegment _ -> ValueLayout.ADDRESS;
      default -> throw new IllegalArgumentException("no C type for " + argument);
    };
  }
}
