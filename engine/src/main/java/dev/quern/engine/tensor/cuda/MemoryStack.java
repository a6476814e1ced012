package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.CudaException;
import dev.quern.cuda.DeviceArena;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.DeviceMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory taken front to back and given back all at once, again and again. Kernels that still run
 * over what is handed out again come first on the one stream.
 *
 * <p>Who takes more than there is gets further arenas; once all is given back, one arena replaces
 * them, so that the next one like it asks the driver for nothing.
 */
final class MemoryStack implements AutoCloseable {
  /** What steps hold, in messages and metrics. */
  static final String TAG = "workspace";

  private static final long ALIGNMENT = 256;
  private static final long LEAST_BYTES = 1L << 20;

  private final DeviceMemory memory;
  private final List<DeviceArena> arenas = new ArrayList<>();
  private long used;
  private long moves;

  MemoryStack(DeviceMemory memory) {
    this.memory = memory;
  }

  /** The next {@code bytes}, aligned to 256. */
  DeviceBuffer take(long bytes) {
    long aligned = aligned(bytes);
    DeviceArena arena = arenas.isEmpty() ? null : arenas.getLast();
    if (arena == null || arena.whole().bytes() - arena.usedBytes() < aligned) {
      arena = memory.arena(TAG, Math.max(LEAST_BYTES, Math.max(aligned, used)));
      arenas.add(arena);
      moves++;
    }
    used += aligned;
    return arena.take(bytes);
  }

  /** Bytes that are taken, each piece with what aligns the next. */
  long usedBytes() {
    return used;
  }

  /** Changes as soon as what is taken next may lie elsewhere than it did the last time. */
  long moves() {
    return moves;
  }

  /**
   * Gives back what was taken after {@link #usedBytes} was {@code mark}; all of it must be in one
   * arena.
   */
  void resetTo(long mark) {
    if (arenas.size() == 1 && arenas.getFirst().usedBytes() > mark) {
      arenas.getFirst().resetTo(mark);
      used = mark;
    }
  }

  /** Gives back all that was taken; never out of memory. */
  void reset() {
    long replacement = used;
    used = 0;
    if (arenas.size() > 1) {
      CudaErrors.close(arenas);
      arenas.clear();
      moves++;
      prepare(replacement);
    }
    arenas.forEach(arena -> arena.resetTo(0));
  }

  /**
   * Who gives back needs no memory: where another process took what has just been freed, whoever
   * takes next asks again, and hears of it then.
   */
  private void prepare(long bytes) {
    try {
      arenas.add(memory.arena(TAG, Math.max(LEAST_BYTES, bytes)));
    } catch (CudaException e) {
      if (!e.isOutOfMemory()) {
        throw e;
      }
    }
  }

  static long aligned(long bytes) {
    return (Math.max(1, bytes) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  @Override
  public void close() {
    CudaErrors.close(arenas);
  }
}
