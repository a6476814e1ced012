package dev.quern.store;

import java.util.Optional;

/**
 * How a checkpoint stores elements: in groups of {@link #groupElements} that take {@link
 * #groupBytes}. Plain types have groups of one element; types of fewer than eight bits have the
 * smallest group that fills bytes; ggml's quantised types have blocks that share scales.
 *
 * <p>The first are those of the safetensors format under its own names, the rest ggml's.
 */
public enum StoredType {
  BOOL(1, 1),
  /** OCP's E2M1, two to a byte. */
  F4(2, 1),
  F6_E2M3(4, 3),
  F6_E3M2(4, 3),
  U8(1, 1),
  I8(1, 1),
  /** OCP's E4M3: finite, one NaN of either sign, largest number 448. */
  F8_E4M3(1, 1),
  F8_E5M2(1, 1),
  /** A power of two, for scales. */
  F8_E8M0(1, 1),
  F8_E4M3FNUZ(1, 1),
  F8_E5M2FNUZ(1, 1),
  U16(1, 2),
  I16(1, 2),
  F16(1, 2),
  BF16(1, 2),
  U32(1, 4),
  I32(1, 4),
  F32(1, 4),
  C64(1, 8),
  U64(1, 8),
  I64(1, 8),
  F64(1, 8),
  Q4_0(32, 18),
  Q4_1(32, 20),
  Q5_0(32, 22),
  Q5_1(32, 24),
  Q8_0(32, 34),
  Q2_K(256, 84),
  Q3_K(256, 110),
  Q4_K(256, 144),
  Q5_K(256, 176),
  Q6_K(256, 210);

  private final int groupElements;
  private final int groupBytes;

  StoredType(int groupElements, int groupBytes) {
    this.groupElements = groupElements;
    this.groupBytes = groupBytes;
  }

  /** Elements that are stored together. */
  public int groupElements() {
    return groupElements;
  }

  /** Bytes of one group. */
  public int groupBytes() {
    return groupBytes;
  }

  /** Whether each element is stored by itself in whole bytes. */
  public boolean isPlain() {
    return groupElements == 1;
  }

  /**
   * Size of one element in bytes.
   *
   * @throws IllegalStateException where elements have no bytes of their own, see {@link #isPlain}
   */
  public int bytes() {
    if (!isPlain()) {
      throw new IllegalStateException(groupElements + " elements of " + this + " share bytes");
    }
    return groupBytes;
  }

  /**
   * Bytes that {@code elements} take.
   *
   * @throws ArithmeticException if they do not fill their last group, or 64 bits cannot count them
   */
  public long bytesOf(long elements) {
    if (elements % groupElements != 0) {
      throw new ArithmeticException(
          elements + " elements do not fill groups of " + groupElements + " of " + this);
    }
    return Math.multiplyExact(elements / groupElements, (long) groupBytes);
  }

  /** The type that safetensors calls {@code name}, if this reader knows it. */
  public static Optional<StoredType> ofSafetensors(String name) {
    for (StoredType type : values()) {
      if (type.name().equals(name)) {
        return type.compareTo(F64) <= 0 ? Optional.of(type) : Optional.empty();
      }
    }
    return Optional.empty();
  }
}
