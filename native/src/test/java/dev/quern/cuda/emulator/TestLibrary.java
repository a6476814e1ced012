package dev.quern.cuda.emulator;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** The functions that a look-alike library has for its tests. */
@SuppressWarnings("restricted") // Calling a native library is what this class is for.
public final class TestLibrary {
  private final Path path;
  private final SymbolLookup symbols;

  public TestLibrary(Path path) {
    this.path = path;
    this.symbols = SymbolLookup.libraryLookup(path, Arena.global());
  }

  public Path path() {
    return path;
  }

  /** Calls {@code int function(const char* key, long value)}. */
  public int set(String function, String key, long value) {
    try (Arena arena = Arena.ofConfined()) {
      return (int)
          handle(
                  function,
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG))
              .invokeExact(arena.allocateFrom(key), value);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Calls {@code long function(const char* key)}. */
  public long get(String function, String key) {
    try (Arena arena = Arena.ofConfined()) {
      return (long)
          handle(function, FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS))
              .invokeExact(arena.allocateFrom(key));
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private MethodHandle handle(String function, FunctionDescriptor descriptor) {
    return Linker.nativeLinker().downcallHandle(symbols.findOrThrow(function), descriptor);
  }
}
