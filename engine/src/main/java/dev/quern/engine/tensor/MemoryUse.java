package dev.quern.engine.tensor;

/**
 * Bytes held under one tag.
 *
 * @param allocatedBytes taken from the device's memory
 * @param mappedBytes file pages the kernel may drop and read again
 */
public record MemoryUse(long allocatedBytes, long mappedBytes) {
  public static final MemoryUse NONE = new MemoryUse(0, 0);

  public MemoryUse plus(MemoryUse other) {
    return new MemoryUse(allocatedBytes + other.allocatedBytes, mappedBytes + other.mappedBytes);
  }
}
