package dev.quern.cuda;

import org.bytedeco.cuda.global.cudart;

/** How much of an arena has been handed out, front to back. */
final class ArenaCursor {
  private final String arena;
  private final long capacity;
  private final long alignment;
  private long used;
  private boolean closed;

  /**
   * @param arena what to call it in messages
   * @param alignment what stretches start at a multiple of
   */
  ArenaCursor(String arena, long capacity, long alignment) {
    this.arena = arena;
    this.capacity = capacity;
    this.alignment = alignment;
  }

  long used() {
    return used;
  }

  /**
   * Hands out the next {@code bytes}, and returns where they start.
   *
   * @throws CudaException out of memory when fewer are left
   */
  long take(long bytes) {
    if (closed) {
      throw new IllegalStateException(arena + " has been closed");
    }
    if (bytes < 0 || bytes > capacity - used) {
      throw new CudaException(
          cudart.CUDA_ERROR_OUT_OF_MEMORY,
          arena
              + " of "
              + ByteSizes.text(capacity)
              + " holds "
              + ByteSizes.text(used)
              + " and cannot give "
              + ByteSizes.text(bytes));
    }
    long start = used;
    used = Math.min(capacity, (used + bytes + alignment - 1) / alignment * alignment);
    return start;
  }

  void resetTo(long mark) {
    if (mark < 0 || mark > used) {
      throw new IllegalArgumentException("mark " + mark + " of " + used + " used bytes");
    }
    used = mark;
  }

  /** Ends all taking; true the first time. */
  boolean close() {
    boolean first = !closed;
    closed = true;
    return first;
  }
}
