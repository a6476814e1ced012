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
  private final ArenaCursor cursor;

  PinnedArena(DeviceMemory memory, String tag, MemorySegment whole) {
    this.memory = memory;
    this.tag = tag;
    this.whole = whole;
    this.cursor = new ArenaCursor("pinned arena " + tag, whole.byteSize(), ALIGNMENT);
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
   * @throws CudaException out of memory when the arena is full
   */
  public MemorySegment take(long bytes) {
    return whole.asSlice(cursor.take(bytes), bytes);
  }

  /** Gives back everything taken. */
  public void reset() {
    cursor.resetTo(0);
  }

  @Override
  public void close() {
    if (cursor.close()) {
      memory.free(this);
    }
  }
}
