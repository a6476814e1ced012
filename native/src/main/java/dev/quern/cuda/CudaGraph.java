package dev.quern.cuda;

import java.lang.foreign.MemorySegment;

/**
 * Captured work, ready to be launched as one. Kernel arguments are frozen: whatever changes from
 * launch to launch must be in device memory. Closing it lets a launch that is under way end.
 */
public final class CudaGraph implements AutoCloseable {
  private static final String TAG = "graphs";

  private final CudaContext context;
  private final MemorySegment handle;
  private final long bytes;
  private boolean closed;

  /**
   * @param bytes what the driver took of the device's memory for it
   */
  CudaGraph(CudaContext context, MemorySegment handle, long bytes) {
    this.context = context;
    this.handle = handle;
    this.bytes = bytes;
    context.memory().countDrivers(TAG, bytes);
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
      context.memory().countDrivers(TAG, -bytes);
      context.library().call("cuGraphExecDestroy", handle);
    }
  }
}
