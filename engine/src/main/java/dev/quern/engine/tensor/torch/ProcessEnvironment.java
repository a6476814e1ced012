package dev.quern.engine.tensor.torch;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Environment variables that native libraries read when they are loaded; Java's own copy stays. */
final class ProcessEnvironment {
  private ProcessEnvironment() {}

  /** Sets {@code name} unless the process has it already (POSIX {@code setenv}). */
  @SuppressWarnings("restricted") // the manifest enables native access
  static void setUnlessSet(String name, String value) {
    Linker linker = Linker.nativeLinker();
    MethodHandle setenv =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("setenv"),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment nativeName = arena.allocateFrom(name);
      MemorySegment nativeValue = arena.allocateFrom(value);
      int failed = (int) setenv.invokeExact(nativeName, nativeValue, /* overwrite= */ 0);
      if (failed != 0) {
        throw new IllegalStateException("the environment takes no " + name);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new LinkageError("setenv", e);
    }
  }
}
