package dev.quern.store.elements;

import static dev.quern.store.elements.GroupDecoder.LittleEndian.half;
import static dev.quern.store.elements.GroupDecoder.LittleEndian.int16;
import static dev.quern.store.elements.GroupDecoder.LittleEndian.int32;
import static dev.quern.store.elements.GroupDecoder.LittleEndian.int64;

/** Plain floating types, one element a group. Widening is exact; F64 is rounded to nearest even. */
final class FloatDecoders {
  /** Values of the 256 codes. */
  private static final float[] E4M3 = e4m3Values();

  private FloatDecoders() {}

  static void f64(byte[] stored, int from, int groups, float[] into, int at) {
    for (int i = 0; i < groups; i++) {
      into[at + i] = (float) Double.longBitsToDouble(int64(stored, from + 8 * i));
    }
  }

  static void f32(byte[] stored, int from, int groups, float[] into, int at) {
    for (int i = 0; i < groups; i++) {
      into[at + i] = Float.intBitsToFloat(int32(stored, from + 4 * i));
    }
  }

  static void f16(byte[] stored, int from, int groups, float[] into, int at) {
    for (int i = 0; i < groups; i++) {
      into[at + i] = half(stored, from + 2 * i);
    }
  }

  /** The upper half of an fp32. */
  static void bf16(byte[] stored, int from, int groups, float[] into, int at) {
    for (int i = 0; i < groups; i++) {
      into[at + i] = Float.intBitsToFloat(int16(stored, from + 2 * i) << 16);
    }
  }

  static void f8e4m3(byte[] stored, int from, int groups, float[] into, int at) {
    for (int i = 0; i < groups; i++) {
      into[at + i] = E4M3[stored[from + i] & 0xff];
    }
  }

  /** The upper half of an fp16. */
  static void f8e5m2(byte[] stored, int from, int groups, float[] into, int at) {
    for (int i = 0; i < groups; i++) {
      into[at + i] = Float.float16ToFloat((short) (stored[from + i] << 8));
    }
  }

  /** OCP 8-bit floating point, revision 1.0: bias 7, no infinities, NaN where all bits are set. */
  private static float[] e4m3Values() {
    float[] values = new float[256];
    for (int code = 0; code < 256; code++) {
      int exponent = (code >> 3) & 0xf;
      int mantissa = code & 7;
      float magnitude =
          exponent == 0
              ? Math.scalb((float) mantissa, -9)
              : Math.scalb((float) (8 + mantissa), exponent - 10);
      if ((code & 0x7f) == 0x7f) {
        magnitude = Float.NaN;
      }
      values[code] = (code & 0x80) == 0 ? magnitude : -magnitude;
    }
    return values;
  }
}
