package dev.quern.store;

import java.nio.file.Path;
import java.util.List;

/**
 * Where one tensor of a checkpoint lies: row-major little-endian elements at {@code offset} bytes
 * from the start of {@code file}. The reader has checked that the range lies inside the file and
 * that {@code bytes} is what shape and type ask for.
 *
 * @param shape outermost dimension first
 * @param form what the stored elements lack to be the model's
 */
public record TensorEntry(
    String name,
    StoredType type,
    List<Long> shape,
    Path file,
    long offset,
    long bytes,
    StoredForm form) {
  public TensorEntry {
    shape = List.copyOf(shape);
    long elements = 1;
    for (long size : shape) {
      elements = Math.multiplyExact(elements, size);
    }
    if (type.bytesOf(elements) != bytes) {
      throw new IllegalArgumentException(name + ": " + bytes + " bytes do not hold " + shape);
    }
  }

  /** A tensor whose stored elements are the model's. */
  public TensorEntry(
      String name, StoredType type, List<Long> shape, Path file, long offset, long bytes) {
    this(name, type, shape, file, offset, bytes, StoredForm.AS_IS);
  }

  /** Number of elements. */
  public long elements() {
    return bytes / type.groupBytes() * type.groupElements();
  }

  /** The same bytes under another name. */
  public TensorEntry renamed(String newName) {
    return new TensorEntry(newName, type, shape, file, offset, bytes, form);
  }

  /** The same bytes, to be read in another form. */
  public TensorEntry in(StoredForm newForm) {
    return new TensorEntry(name, type, shape, file, offset, bytes, newForm);
  }
}
