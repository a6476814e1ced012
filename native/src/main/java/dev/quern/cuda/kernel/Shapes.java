package dev.quern.cuda.kernel;

import dev.quern.cuda.DeviceBuffer;

/** Checks of what a launch is given: a kernel does not check, it breaks the device. */
final class Shapes {
  /** Elements of one vector load. */
  static final int VECTOR = 8;

  private Shapes() {}

  static int ceilDiv(int a, int b) {
    return (a + b - 1) / b;
  }

  /** Whole warps for {@code items}, at most {@code most}. */
  static int threads(int items, int most) {
    return Math.min(most, Math.max(1, ceilDiv(items, 32)) * 32);
  }

  static void requireVectors(String what, int width) {
    if (width < VECTOR || width % VECTOR != 0) {
      throw new IllegalArgumentException(
          what + " is " + width + "; kernels need a positive multiple of " + VECTOR);
    }
  }

  static void requireBytes(String what, DeviceBuffer buffer, long elements, int bytes) {
    if (buffer.bytes() < elements * bytes) {
      throw new IllegalArgumentException(
          what
              + " holds "
              + buffer.bytes()
              + " bytes, and "
              + elements
              + " elements of "
              + bytes
              + " were asked for");
    }
  }
}
