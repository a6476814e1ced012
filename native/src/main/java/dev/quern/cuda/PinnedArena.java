package dev.quern.cuda;

import java.lang.foreign.MemorySegment;

/**
 * Page-locked host memory under one tag, handed out front to back. What a queued copy reads or
 * writes must not be touched until its stream has been waited for.
 */
public final class PinnedArena implements AutoCloseable {
  private static final long ALIGNMENT = 64;

  private final DeviceMemory memory;
  private final String tag;
  private final MemorySegment whole;
  private long used;
  private boolean closed;

  PinnedArena(DeviceMemory memory, String tag, MemorySegment whole) {
    this.memory = memory;
    this.tag = tag;
    this.whole = whole;
  }

  public String tag() {
    return tag;
  }

  public MemorySegment whole() {
    return whole;
  }

  /**
   * The next {@code bytes}, aligned to 64.
   *
   * @throws CudaException when the arena is full
   */
  public MemorySegment take(long bytes) {
    if (closed) {
      throw new IllegalStateException("pinned arena " + tag + " has been closed");
    }
    if (bytes < 0 || bytes > whole.byteSize() - used) {
      throw new CudaException(
          "pinned arena "
              + tag
              + " of "
              + ByteSizes.text(whole.byteSize())
              + " holds "
              + ByteSizes.text(used)
              + " and cannot give "
              + ByteSizes.text(bytes));
    }
    MemorySegment taken = whole.asSlice(used, bytes);
    used = Math.min(whole.byteSize(), (used + bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    return taken;
  }

  /** Gives back everything taken. */
  public void reset() {
    used = 0;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      memory.free(this);
    }
  }
}
