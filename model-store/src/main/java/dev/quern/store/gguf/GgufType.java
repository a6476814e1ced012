package dev.quern.store.gguf;

import java.util.Optional;

/** Types of metadata values, in the order of their numbers. */
enum GgufType {
  UINT8(1),
  INT8(1),
  UINT16(2),
  INT16(2),
  UINT32(4),
  INT32(4),
  FLOAT32(4),
  BOOL(1),
  /** Eight bytes of length, then UTF-8. */
  STRING(8),
  /** Four bytes of element type, eight of length, then the elements. */
  ARRAY(12),
  UINT64(8),
  INT64(8),
  FLOAT64(8);

  private final int bytes;

  GgufType(int bytes) {
    this.bytes = bytes;
  }

  /** The size of a value; of a string or an array the least one. */
  int bytes() {
    return bytes;
  }

  static Optional<GgufType> numbered(int number) {
    GgufType[] types = values();
    return number >= 0 && number < types.length ? Optional.of(types[number]) : Optional.empty();
  }
}
