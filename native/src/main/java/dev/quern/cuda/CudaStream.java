package dev.quern.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bytedeco.cuda.global.cudart;

/**
 * A queue of device work. All methods but {@link #synchronize} return at once, and what the work
 * does wrong is thrown by a later call.
 */
public final class CudaStream implements AutoCloseable {
  private final CudaContext context;
  private final MemorySegment handle;
  private boolean closed;

  CudaStream(CudaContext context, MemorySegment handle) {
    this.context = context;
    this.handle = handle;
  }

  /** The {@code CUstream}, for other libraries that queue work on it, on the context's thread. */
  public MemorySegment handle() {
    context.library();
    return handle;
  }

  /**
   * Queues a copy of all of {@code from}.
   *
   * @param from native memory, best pinned; left alone until the stream has been waited for
   */
  public void copyToDevice(DeviceBuffer to, MemorySegment from) {
    checkSize(to, from.byteSize());
    call("cuMemcpyHtoDAsync_v2", to.address(), from, from.byteSize(), handle);
  }

  /**
   * Queues a copy that fills {@code to}.
   *
   * @param to native memory, best pinned; holds the bytes once the stream has been waited for
   */
  public void copyToHost(MemorySegment to, DeviceBuffer from) {
    checkSize(from, to.byteSize());
    call("cuMemcpyDtoHAsync_v2", to, from.address(), to.byteSize(), handle);
  }

  /** Queues a copy of all of {@code from} to the front of {@code to}. */
  public void copy(DeviceBuffer to, DeviceBuffer from) {
    checkSize(to, from.bytes());
    call("cuMemcpyDtoDAsync_v2", to.address(), from.address(), from.bytes(), handle);
  }

  /** Queues setting every byte of {@code buffer}. */
  public void fill(DeviceBuffer buffer, byte value) {
    call("cuMemsetD8Async", buffer.address(), value, buffer.bytes(), handle);
  }

  /** Marks this place of the queue. */
  public void record(CudaEvent event) {
    call("cuEventRecord", event.handle(), handle);
  }

  /** Lets work queued from now on wait for {@code event}, recorded in another stream. */
  public void waitFor(CudaEvent event) {
    call("cuStreamWaitEvent", handle, event.handle(), 0);
  }

  /**
   * Captures what {@code work} queues on this stream instead of running it. Meanwhile nothing may
   * be allocated, freed, loaded or waited for. What {@code work} throws ends the capture.
   *
   * @throws CudaException when work that cannot be captured was asked for; the stream is then as it
   *     was before
   */
  public CudaGraph capture(Runnable work) {
    call("cuStreamBeginCapture_v2", handle, cudart.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment graph = arena.allocate(ValueLayout.ADDRESS);
      try {
        work.run();
      } catch (RuntimeException e) {
        abandonCapture(graph);
        throw e;
      }
      call("cuStreamEndCapture", handle, graph);
      return instantiate(graph.get(ValueLayout.ADDRESS, 0));
    }
  }

  /** Queues the whole of {@code graph}. */
  public void launch(CudaGraph graph) {
    call("cuGraphLaunch", graph.handle(), handle);
  }

  /**
   * Waits for everything queued.
   *
   * @throws CudaException what any of it did wrong
   */
  public void synchronize() {
    call("cuStreamSynchronize", handle);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      call("cuStreamDestroy_v2", handle);
    }
  }

  private CudaGraph instantiate(MemorySegment graph) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment executable = arena.allocate(ValueLayout.ADDRESS);
      long free = context.memory().freeOnDevice();
      call("cuGraphInstantiateWithFlags", executable, graph, 0L);
      // Other processes may take or free memory meanwhile: a figure to look at, not to count on.
      long taken = Math.max(0, free - context.memory().freeOnDevice());
      return new CudaGraph(context, executable.get(ValueLayout.ADDRESS, 0), taken);
    } finally {
      call("cuGraphDestroy", graph);
    }
  }

  private void abandonCapture(MemorySegment graph) {
    int result = context.library().callUnchecked("cuStreamEndCapture", handle, graph);
    if (result == cudart.CUDA_SUCCESS) {
      call("cuGraphDestroy", graph.get(ValueLayout.ADDRESS, 0));
    }
  }

  private void call(String function, Object... arguments) {
    context.library().call(function, arguments);
  }

  private static void checkSize(DeviceBuffer buffer, long bytes) {
    if (bytes > buffer.bytes()) {
      throw new IndexOutOfBoundsException(bytes + " bytes, buffer of " + buffer.bytes());
    }
  }
}
