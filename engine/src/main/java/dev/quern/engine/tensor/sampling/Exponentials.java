package dev.quern.engine.tensor.sampling;

/**
 * {@code e^x} of many numbers at once, to a few units in the last place of a float: a Taylor
 * polynomial of {@code x / 1024}, squared ten times. That has neither branches nor bits of
 * exponents to move, so the compiler does eight at a time; {@link Math#exp} takes some ten times as
 * long.
 */
final class Exponentials {
  /** Below this the result would leave the normal floats. */
  private static final double LOWEST = -87;

  /** What the formula gives for {@link #LOWEST}; taken off all results, that end becomes zero. */
  private static final double AT_LOWEST = exp(LOWEST);

  private Exponentials() {}

  /**
   * Replaces each of the first {@code count} values by {@code e^((value - max) * scale)}; what is
   * below {@code e^-87}, and so negative infinity, becomes zero.
   *
   * @param max not below any of the values
   */
  static void replace(float[] values, int count, double max, double scale) {
    for (int i = 0; i < count; i++) {
      values[i] = (float) (exp(Math.max((values[i] - max) * scale, LOWEST)) - AT_LOWEST);
    }
  }

  private static double exp(double x) {
    double y = x * (1.0 / 1024);
    double p = y * (1.0 / 720) + 1.0 / 120;
    p = p * y + 1.0 / 24;
    p = p * y + 1.0 / 6;
    p = p * y + 0.5;
    p = p * y + 1;
    p = p * y + 1;
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    return p * p;
  }
}
