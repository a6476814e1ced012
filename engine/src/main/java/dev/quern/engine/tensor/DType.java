package dev.quern.engine.tensor;

/** Element types that a backend computes in. */
public enum DType {
  F32(4),
  F16(2),
  BF16(2),
  I64(8),
  I32(4);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Size of one element in bytes. */
  public int bytes() {
    return bytes;
  }

  /** Whether weights and activations may have this type. */
  public boolean isFloating() {
    return this == F32 || this == F16 || this == BF16;
  }
}
