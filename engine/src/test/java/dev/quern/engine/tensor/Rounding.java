package dev.quern.engine.tensor;

/** Rounds values to what a type can hold, to nearest even. */
final class Rounding {
  private Rounding() {}

  static float bf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    int rounded = bits + 0x7fff + ((bits >>> 16) & 1);
    return Float.intBitsToFloat(rounded & 0xffff0000);
  }

  /** Half a unit in the last place of 1: the error of storing one value. */
  static double unit(DType type) {
    return switch (type) {
      case F32 -> 0x1p-24;
      case F16 -> 0x1p-11;
      case BF16 -> 0x1p-8;
      case I32, I64 -> 0;
    };
  }
}
