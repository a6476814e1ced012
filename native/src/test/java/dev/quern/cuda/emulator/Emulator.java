package dev.quern.cuda.emulator;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * The look-alike driver's own functions. One library is one machine for the whole process, so tests
 * that use it do not run side by side.
 */
@SuppressWarnings("restricted") // Calling a native library is what this class is for.
public final class Emulator {
  private static final int TEXT_BYTES = 1024;

  private final Path library;
  private final SymbolLookup symbols;

  public Emulator(Path library) {
    this.library = library;
    this.symbols = SymbolLookup.libraryLookup(library, Arena.global());
  }

  public Path library() {
    return library;
  }

  public void setMode(EmulatorMode mode) {
    set("reversed", mode.reversed ? 1 : 0);
    set("eager", mode.eager ? 1 : 0);
    set("fill", mode.fill);
  }

  /** Sets one of driverVersion, devices, totalMemory, major, minor. */
  public void set(String setting, long value) {
    call(
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG),
        "emuSet",
        setting,
        value);
  }

  /** Lets {@code call} of the driver's API fail with {@code result} after some successes. */
  public void fail(String call, long successes, int result) {
    call(
        FunctionDescriptor.of(
            ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT),
        "emuFail",
        call,
        successes,
        result);
  }

  /** How often {@code call} of the driver's API was made so far. */
  public long calls(String call) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(ValueLayout.JAVA_LONG);
      call(
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS),
          "emuCalls",
          call,
          count);
      return count.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  /** What broke the device: a kernel's fault, with kernel, block and thread; or empty. */
  public String fault() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(TEXT_BYTES);
      invoke(
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
          "emuFault",
          text,
          TEXT_BYTES);
      return text.getString(0);
    }
  }

  /**
   * How often this process has waited for work that was not done yet; meant for modes in which work
   * is done when somebody waits for it.
   */
  public long waits() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment waits = arena.allocate(ValueLayout.JAVA_LONG);
      invoke(FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS), "emuWaits", waits);
      return waits.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  private void call(FunctionDescriptor descriptor, String function, String name, Object... others) {
    try (Arena arena = Arena.ofConfined()) {
      Object[] arguments = new Object[others.length + 1];
      arguments[0] = arena.allocateFrom(name);
      System.arraycopy(others, 0, arguments, 1, others.length);
      invoke(descriptor, function, arguments);
    }
  }

  private void invoke(FunctionDescriptor descriptor, String function, Object... arguments) {
    MethodHandle handle =
        Linker.nativeLinker().downcallHandle(symbols.findOrThrow(function), descriptor);
    try {
      int result = (int) handle.invokeWithArguments(arguments);
      if (result != 0) {
        throw new IllegalArgumentException(function + " refused " + arguments[0]);
      }
    } catch (RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
