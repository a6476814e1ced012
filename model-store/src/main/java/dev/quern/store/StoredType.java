package dev.quern.store;

import java.util.Optional;

/** Element types of the safetensors format, under the format's own names. */
public enum StoredType {
  BOOL(8),
  U8(8),
  I8(8),
  F8_E4M3(8),
  F8_E5M2(8),
  U16(16),
  I16(16),
  F16(16),
  BF16(16),
  U32(32),
  I32(32),
  F32(32),
  U64(64),
  I64(64),
  F64(64);

  private final int bits;

  StoredType(int bits) {
    this.bits = bits;
  }

  /** Size of one element in bytes. */
  public int bytes() {
    return bits / 8;
  }

  /** The type the format calls {@code name}, if this reader knows it. */
  public static Optional<StoredType> named(String name) {
    for (StoredType type : values()) {
      if (type.name().equals(name)) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }
}
