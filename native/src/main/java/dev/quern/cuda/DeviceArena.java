package dev.quern.cuda;

import org.bytedeco.cuda.global.cudart;

/**
 * Device memory under one tag, handed out front to back and given back all at once: a mark and a
 * reset cost nothing. Kernels still running over what is handed out again are kept in order by
 * using one stream.
 */
public final class DeviceArena implements AutoCloseable {
  /** What every kernel's vector loads need, and what cuMemAlloc itself keeps. */
  private static final long ALIGNMENT = 256;

  private final DeviceMemory memory;
  private final String tag;
  private final DeviceBuffer whole;
  private long used;
  private boolean closed;

  DeviceArena(DeviceMemory memory, String tag, DeviceBuffer whole) {
    this.memory = memory;
    this.tag = tag;
    this.whole = whole;
  }

  public String tag() {
    return tag;
  }

  public DeviceBuffer whole() {
    return whole;
  }

  public long usedBytes() {
    return used;
  }

  /**
   * The next {@code bytes}, aligned to 256.
   *
   * @throws CudaException out of memory when the arena is full
   */
  public DeviceBuffer take(long bytes) {
    if (closed) {
      throw new IllegalStateException("arena " + tag + " has been closed");
    }
    if (bytes < 0 || bytes > whole.bytes() - used) {
      throw new CudaException(
          cudart.CUDA_ERROR_OUT_OF_MEMORY,
          "arena "
              + tag
              + " of "
              + ByteSizes.text(whole.bytes())
              + " holds "
              + ByteSizes.text(used)
              + " and cannot give "
              + ByteSizes.text(bytes));
    }
    DeviceBuffer taken = whole.slice(used, bytes);
    used = Math.min(whole.bytes(), (used + bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    return taken;
  }

  /** Gives back what was taken after {@link #usedBytes} was {@code mark}. */
  public void resetTo(long mark) {
    if (mark < 0 || mark > used) {
      throw new IllegalArgumentException("mark " + mark + " of " + used + " used bytes");
    }
    used = mark;
  }

  /** Frees the memory. Waits for the device. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      memory.free(this);
    }
  }
}
