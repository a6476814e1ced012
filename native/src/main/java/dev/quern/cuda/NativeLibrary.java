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
import org.jspecify.annotations.Nullable;

/**
 * A shared library of NVIDIA's that may be missing, and its functions, looked up when first called.
 * Loaded for as long as the process lives: their threads and exit handlers do not survive an
 * unloading. Safe for threads.
 */
@SuppressWarnings("restricted") // Calling a native library is what this class is for.
public final class NativeLibrary {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final int LONGEST_TEXT = 1024;

  private final String kind;
  private final String place;
  private final String remedy;
  private final SymbolLookup symbols;
  private final Map<String, MethodHandle> handles = new ConcurrentHashMap<>();

  private NativeLibrary(String kind, String place, String remedy, SymbolLookup symbols) {
    this.kind = kind;
    this.place = place;
    this.remedy = remedy;
    this.symbols = symbols;
  }

  /**
   * Loads a library.
   *
   * @param kind what it is, for messages: {@code no KIND: ...}
   * @param name its name for the loader
   * @param path absolute path to load instead, or null
   * @param remedy what to do where it or one of its functions is missing
   * @throws CudaException when there is none, or it cannot be loaded
   */
  public static NativeLibrary load(String kind, String name, @Nullable Path path, String remedy) {
    String place = path == null ? name : path.toString();
    try {
      SymbolLookup symbols =
          path == null
              ? SymbolLookup.libraryLookup(name, Arena.global())
              : SymbolLookup.libraryLookup(path, Arena.global());
      return new NativeLibrary(kind, place, remedy, symbols);
    } catch (IllegalArgumentException e) {
      throw new CudaException(
          "no " + kind + ": " + place + " cannot be loaded (" + e.getMessage() + "); " + remedy);
    }
  }

  /** The library's file, as it was looked for. */
  public String place() {
    return place;
  }

  /**
   * The handle of {@code function}, for calls too frequent for {@link #call}.
   *
   * @param descriptor the function's C types, the same each time
   * @throws CudaException when the library lacks it
   */
  public MethodHandle handle(String function, FunctionDescriptor descriptor) {
    return handles.computeIfAbsent(
        function, name -> LINKER.downcallHandle(address(name), descriptor));
  }

  /**
   * Calls a function that returns an {@code int}.
   *
   * @param arguments Integer, Long, Byte or MemorySegment, as the function's C types are
   */
  public int call(String function, Object... arguments) {
    return (int) invoke(ValueLayout.JAVA_INT, function, arguments);
  }

  /** Calls a function that returns a {@code size_t}; arguments as for {@link #call}. */
  public long callForSize(String function, Object... arguments) {
    return (long) invoke(ValueLayout.JAVA_LONG, function, arguments);
  }

  /** Calls a function that returns a text that stays; arguments as for {@link #call}. */
  public String callForText(String function, Object... arguments) {
    MemorySegment text = (MemorySegment) invoke(ValueLayout.ADDRESS, function, arguments);
    return text(text);
  }

  /** The text that ends with a zero at {@code address}; empty for a null pointer. */
  public static String text(MemorySegment address) {
    return address.equals(MemorySegment.NULL) ? "" : address.reinterpret(LONGEST_TEXT).getString(0);
  }

  /** What a call threw, which is never the library's own failure: those are results. */
  public static RuntimeException failure(Throwable thrown) {
    if (thrown instanceof RuntimeException e) {
      return e;
    }
    if (thrown instanceof Error e) {
      throw e;
    }
    return new IllegalStateException(thrown);
  }

  private Object invoke(MemoryLayout returned, String function, Object... arguments) {
    MemoryLayout[] layouts = new MemoryLayout[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      layouts[i] = layout(arguments[i]);
    }
    try {
      return handle(function, FunctionDescriptor.of(returned, layouts))
          .invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw failure(e);
    }
  }

  private MemorySegment address(String function) {
    return symbols
        .find(function)
        .orElseThrow(
            () ->
                new CudaException(
                    "the "
                        + kind
                        + " "
                        + place
                        + " has no function "
                        + function
                        + ": it is too old, or another library; "
                        + remedy));
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
