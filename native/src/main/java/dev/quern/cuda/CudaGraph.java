package dev.quern.cuda;

import java.lang.foreign.MemorySegment;

/**
 * Captured work, ready to be launched as one. Kernel arguments are frozen: whatever changes from
 * launch to launch must be in device memory.
 */
public final class CudaGraph implements AutoCloseable {
  private final CudaContext context;
  private final MemorySegment handle;
  private boolean closed;

  CudaGraph(CudaContext context, MemorySegment handle) {
    this.context = context;
    this.handle = handle;
  }

  MemorySegment handle() {
    if (closed) {
      throw new IllegalStateException("the graph has been closed");
    }
    return handle;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      context.library().call("cuGraphExecDestroy", handle);
    }
  }
}
