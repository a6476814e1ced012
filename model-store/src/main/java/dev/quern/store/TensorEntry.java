package dev.quern.store;

import java.nio.file.Path;
import java.util.List;

/**
 * Where one tensor of a checkpoint lies: row-major little-endian elements at {@code offset} bytes
 * from the start of {@code file}. The reader has checked that the range lies inside the file and
 * that {@code bytes} is what shape and type ask for.
 */
public record TensorEntry(
    String name, StoredType type, List<Long> shape, Path file, long offset, long bytes) {
  public TensorEntry {
    shape = List.copyOf(shape);
    long elements = 1;
    for (long size : shape) {
      elements = Math.multiplyExact(elements, size);
    }
    if (elements * type.bytes() != bytes) {
      throw new IllegalArgumentException(name + ": " + bytes + " bytes do not hold " + shape);
    }
  }

  /** Number of elements. */
  public long elements() {
    return bytes / type.bytes();
  }
}
