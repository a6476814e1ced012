package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceArena;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.DeviceMemory;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Zeros by which the blocks of a split attention know which of them is the last. Every launch
 * leaves them zero, so all launches share them, one after another on the one stream.
 */
final class SplitTickets implements AutoCloseable {
  private static final long LEAST_BYTES = 64L << 10;

  private final DeviceMemory memory;
  private final CudaStream stream;
  private @Nullable DeviceArena arena;
  private long moves;

  SplitTickets(DeviceMemory memory, CudaStream stream) {
    this.memory = memory;
    this.stream = stream;
  }

  DeviceBuffer zeros(long bytes) {
    DeviceArena held = arena;
    if (held == null || held.whole().bytes() < bytes) {
      long grown =
          Math.max(LEAST_BYTES, held == null ? bytes : Math.max(bytes, 2 * held.whole().bytes()));
      close();
      held = memory.arena(MemoryStack.TAG, grown);
      arena = held;
      moves++;
      stream.fill(held.whole(), (byte) 0);
    }
    return held.whole().slice(0, bytes);
  }

  /** Changes when the zeros lie elsewhere. */
  long moves() {
    return moves;
  }

  @Override
  public void close() {
    if (arena != null) {
      CudaErrors.close(List.of(arena));
      arena = null;
    }
  }
}
