package dev.quern.engine.generate;

/**
 * Random numbers as a pure function of a seed and a position: a sample depends neither on the batch
 * it was drawn in nor on how often its sequence was computed again. The mixing is SplitMix64's
 * (Steele, Lea and Flood, OOPSLA 2014), applied to the seed and to each position of its stream.
 */
final class CounterRandom {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private CounterRandom() {}

  /** Uniform in [0, 1). */
  static double uniform(long seed, long position) {
    long bits = mix(mix(seed + GOLDEN_GAMMA) + (position + 1) * GOLDEN_GAMMA);
    return (bits >>> 11) * 0x1.0p-53;
  }

  private static long mix(long value) {
    long z = value;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
