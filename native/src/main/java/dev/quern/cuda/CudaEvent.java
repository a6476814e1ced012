package dev.quern.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A place in a stream that can be waited for. */
public final class CudaEvent implements AutoCloseable {
  private final CudaContext context;
  private final MemorySegment handle;
  private final boolean timed;
  private boolean closed;

  CudaEvent(CudaContext context, MemorySegment handle, boolean timed) {
    this.context = context;
    this.handle = handle;
    this.timed = timed;
  }

  MemorySegment handle() {
    return handle;
  }

  /** Waits on the host until everything before the event is done. */
  public void synchronize() {
    context.library().call("cuEventSynchronize", handle);
  }

  /** Time on the device from {@code earlier} to this; both must be timed and have been reached. */
  public float millisecondsSince(CudaEvent earlier) {
    if (!timed || !earlier.timed) {
      throw new IllegalStateException("an event made without timing");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment milliseconds = arena.allocate(ValueLayout.JAVA_FLOAT);
      context.library().call("cuEventElapsedTime", milliseconds, earlier.handle, handle);
      return milliseconds.get(ValueLayout.JAVA_FLOAT, 0);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      context.library().call("cuEventDestroy_v2", handle);
    }
  }
}
