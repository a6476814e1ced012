package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.DeviceArena;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.DeviceMemory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The device memory of one model's weights: large tensors have an arena each, as large as they are,
 * and small ones share some, because the driver gives out no less than two megabytes.
 */
final class WeightMemory implements AutoCloseable {
  private static final String TAG = "weights";
  private static final long SHARED_BYTES = 2L << 20;

  private final DeviceMemory memory;
  private final List<DeviceArena> arenas = new ArrayList<>();
  private @Nullable DeviceArena shared;

  WeightMemory(DeviceMemory memory) {
    this.memory = memory;
  }

  DeviceBuffer take(long bytes) {
    if (bytes >= SHARED_BYTES / 2) {
      return newArena(bytes).take(bytes);
    }
    DeviceArena arena = shared;
    if (arena == null || arena.whole().bytes() - arena.usedBytes() < bytes) {
      arena = newArena(SHARED_BYTES);
      shared = arena;
    }
    return arena.take(bytes);
  }

  private DeviceArena newArena(long bytes) {
    DeviceArena arena = memory.arena(TAG, bytes);
    arenas.add(arena);
    return arena;
  }

  @Override
  public void close() {
    CudaErrors.close(arenas);
    arenas.clear();
    shared = null;
  }
}
