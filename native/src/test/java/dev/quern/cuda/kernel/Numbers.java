package dev.quern.cuda.kernel;

import java.util.Random;

/** Host values in a device's element types. */
final class Numbers {
  private Numbers() {}

  /** {@code value} as the nearest of {@code type}. */
  static double round(ElementType type, double value) {
    return decode(type, encode(type, (float) value));
  }

  static int encode(ElementType type, float value) {
    return switch (type) {
      case BF16 -> {
        int bits = Float.floatToRawIntBits(value);
        yield Float.isNaN(value) ? 0x7FC0 : (bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16;
      }
      case FP16 -> Float.floatToFloat16(value) & 0xFFFF;
      case FP32 -> Float.floatToRawIntBits(value);
    };
  }

  static double decode(ElementType type, int bits) {
    return switch (type) {
      case BF16 -> Float.intBitsToFloat(bits << 16);
      case FP16 -> Float.float16ToFloat((short) bits);
      case FP32 -> Float.intBitsToFloat(bits);
    };
  }

  /** Normal values of this deviation that {@code type} can hold. */
  static double[] normal(Random random, ElementType type, int count, double deviation) {
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = round(type, random.nextGaussian() * deviation);
    }
    return values;
  }

  /** How far a result may be from the reference, relative to its root mean square. */
  static double tolerance(ElementType type) {
    return switch (type) {
      case BF16 -> 4e-3;
      case FP16 -> 8e-4;
      case FP32 -> 4e-6;
    };
  }
}
