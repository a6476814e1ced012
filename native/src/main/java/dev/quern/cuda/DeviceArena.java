package dev.quern.cuda;

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
  private final ArenaCursor cursor;

  DeviceArena(DeviceMemory memory, String tag, DeviceBuffer whole) {
    this.memory = memory;
    this.tag = tag;
    this.whole = whole;
    this.cursor = new ArenaCursor("arena " + tag, whole.bytes(), ALIGNMENT);
  }

  public String tag() {
    return tag;
  }

  public DeviceBuffer whole() {
    return whole;
  }

  public long usedBytes() {
    return cursor.used();
  }

  /**
   * The next {@code bytes}, aligned to 256.
   *
   * @throws CudaException out of memory when the arena is full
   */
  public DeviceBuffer take(long bytes) {
    return whole.slice(cursor.take(bytes), bytes);
  }

  /** Gives back what was taken after {@link #usedBytes} was {@code mark}. */
  public void resetTo(long mark) {
    cursor.resetTo(mark);
  }

  /** Frees the memory. Waits for the device. */
  @Override
  public void close() {
    if (cursor.close()) {
      memory.free(this);
    }
  }
}
