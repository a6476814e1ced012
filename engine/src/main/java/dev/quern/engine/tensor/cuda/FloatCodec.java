package dev.quern.engine.tensor.cuda;

import dev.quern.engine.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** fp32 to and from the types that weights and activations have in device memory. */
final class FloatCodec {
  private static final ValueLayout.OfFloat FLOATS = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfShort SHORTS = ValueLayout.JAVA_SHORT_UNALIGNED;

  private FloatCodec() {}

  /** Writes {@code count} values from {@code first} on to the front of {@code to}, rounded. */
  static void encode(float[] values, int first, int count, MemorySegment to, DType dtype) {
    switch (dtype) {
      case F32 -> MemorySegment.copy(values, first, to, FLOATS, 0, count);
      case F16 -> {
        for (int i = 0; i < count; i++) {
          to.setAtIndex(SHORTS, i, Float.floatToFloat16(values[first + i]));
        }
      }
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          to.setAtIndex(SHORTS, i, toBf16(values[first + i]));
        }
      }
      case I32, I64 -> throw new IllegalArgumentException("not floating: " + dtype);
    }
  }

  /** Reads {@code count} values from the front of {@code from}. */
  static void decode(MemorySegment from, DType dtype, float[] values, int first, int count) {
    switch (dtype) {
      case F32 -> MemorySegment.copy(from, FLOATS, 0, values, first, count);
      case F16 -> {
        for (int i = 0; i < count; i++) {
          values[first + i] = Float.float16ToFloat(from.getAtIndex(SHORTS, i));
        }
      }
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          values[first + i] = Float.intBitsToFloat(from.getAtIndex(SHORTS, i) << 16);
        }
      }
      case I32, I64 -> throw new IllegalArgumentException("not floating: " + dtype);
    }
  }

  /** To the nearest, ties to even; NaN stays NaN. */
  private static short toBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
}
