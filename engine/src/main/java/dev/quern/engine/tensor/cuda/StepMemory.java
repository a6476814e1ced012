package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.DeviceArena;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.DeviceMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * The memory of one step after another: taken front to back, given back all at once. Kernels that
 * still run over what is handed out again come first on the one stream.
 *
 * <p>A step that does not fit takes further arenas; once it is over, one arena replaces them, so
 * that the next one like it asks the driver for nothing.
 */
final class StepMemory implements AutoCloseable {
  static final String TAG = "workspace";

  private static final long ALIGNMENT = 256;
  private static final long LEAST_BYTES = 1L << 20;

  private final DeviceMemory memory;
  private final List<DeviceArena> arenas = new ArrayList<>();
  private long used;

  StepMemory(DeviceMemory memory) {
    this.memory = memory;
  }

  /** The next {@code bytes}, aligned to 256. */
  DeviceBuffer take(long bytes) {
    long aligned = aligned(bytes);
    DeviceArena arena = arenas.isEmpty() ? null : arenas.getLast();
    if (arena == null || arena.whole().bytes() - arena.usedBytes() < aligned) {
      arena = memory.arena(TAG, Math.max(LEAST_BYTES, Math.max(aligned, used)));
      arenas.add(arena);
    }
    used += aligned;
    return arena.take(bytes);
  }

  /** Makes sure that a step of {@code bytes} will ask the driver for nothing. None may be open. */
  void reserve(long bytes) {
    if (arenas.size() != 1 || arenas.getFirst().whole().bytes() < bytes) {
      CudaErrors.close(arenas);
      arenas.clear();
      arenas.add(memory.arena(TAG, Math.max(LEAST_BYTES, aligned(bytes))));
    }
  }

  /** Gives back all that was taken. */
  void reset() {
    if (arenas.size() > 1) {
      reserve(used);
    }
    used = 0;
    arenas.forEach(arena -> arena.resetTo(0));
  }

  static long aligned(long bytes) {
    return (Math.max(1, bytes) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  @Override
  public void close() {
    CudaErrors.close(arenas);
  }
}
