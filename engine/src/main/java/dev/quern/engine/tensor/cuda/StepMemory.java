package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.DeviceMemory;
import java.util.List;
import java.util.function.Supplier;

/**
 * The memory of one step after another. What is made outside of layers lives as long as the step;
 * layers take turns on two stacks, because a layer reads what the one before it made.
 */
final class StepMemory implements AutoCloseable {
  private final MemoryStack whole;
  private final List<MemoryStack> layers;
  private MemoryStack current;
  private int nextLayer;

  StepMemory(DeviceMemory memory) {
    whole = new MemoryStack(memory);
    layers = List.of(new MemoryStack(memory), new MemoryStack(memory));
    current = whole;
  }

  /** The next {@code bytes}, aligned to 256. */
  DeviceBuffer take(long bytes) {
    return current.take(bytes);
  }

  /** Whether nothing has been taken since the step began. */
  boolean isUntouched() {
    return current == whole && whole.usedBytes() == 0 && nextLayer == 0;
  }

  /** Bytes taken outside of layers. */
  long usedBytes() {
    return whole.usedBytes();
  }

  /**
   * Gives back what was taken outside of layers after {@link #usedBytes} was {@code mark}, and all
   * that layers took.
   */
  void resetTo(long mark) {
    whole.resetTo(mark);
    nextLayer = 0;
  }

  /** See {@link MemoryStack#moves}. */
  long moves() {
    return whole.moves() + layers.get(0).moves() + layers.get(1).moves();
  }

  /** Runs a layer over the memory of the layer before the last. */
  <T> T inLayer(Supplier<T> layer) {
    MemoryStack outer = current;
    current = layers.get(nextLayer);
    nextLayer = 1 - nextLayer;
    current.reset();
    try {
      return layer.get();
    } finally {
      current = outer;
    }
  }

  /** Ends the step: gives back all that was taken. */
  void reset() {
    whole.reset();
    layers.forEach(MemoryStack::reset);
    nextLayer = 0;
  }

  @Override
  public void close() {
    CudaErrors.close(List.of(whole, layers.get(0), layers.get(1)));
  }
}
