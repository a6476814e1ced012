package dev.quern.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Loaded kernels. Close it when none of them runs any more. */
public final class CudaModule implements AutoCloseable {
  private final CudaContext context;
  private final MemorySegment handle;
  private boolean closed;

  CudaModule(CudaContext context, MemorySegment handle) {
    this.context = context;
    this.handle = handle;
  }

  /**
   * The kernel of that name.
   *
   * @param parameters number of parameters the kernel has
   * @throws CudaException when the module has no kernel of that name
   */
  public CudaKernel kernel(String name, int parameters) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment function = arena.allocate(ValueLayout.ADDRESS);
      int result =
          context
              .library()
              .callUnchecked("cuModuleGetFunction", function, handle, arena.allocateFrom(name));
      if (result != 0) {
        throw new CudaException(result, "no kernel " + name + " in the module (" + result + ")");
      }
      return new CudaKernel(context, name, function.get(ValueLayout.ADDRESS, 0), parameters);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      context.library().call("cuModuleUnload", handle);
    }
  }
}
