package dev.quern.engine.tensor.sampling;

import java.util.Arrays;

/**
 * The unnormalised probabilities of a row of logits, and draws from them. Reused; not safe for
 * threads.
 */
final class TokenWeights {
  /** Classes of weights an octave: as many as three bits of the mantissa tell apart. */
  private static final int CLASS_SHIFT = 20;

  /** Weights are at most one. */
  private static final int CLASSES = (Float.floatToRawIntBits(1f) >>> CLASS_SHIFT) + 1;

  private final float[] weights;
  private final double[] classMass = new double[CLASSES];
  private float[] boundary = new float[64];

  TokenWeights(int vocabularySize) {
    weights = new float[vocabularySize];
  }

  /**
   * Takes {@code exp((logit - max) * scale)} of each logit of a row that is at least {@code floor};
   * the others weigh nothing.
   *
   * @return the sum
   */
  double take(float[] logits, int offset, float max, double scale, float floor) {
    int count = weights.length;
    System.arraycopy(logits, offset, weights, 0, count);
    if (floor > Float.NEGATIVE_INFINITY) {
      for (int i = 0; i < count; i++) {
        weights[i] = weights[i] >= floor ? weights[i] : Float.NEGATIVE_INFINITY;
      }
    }
    Exponentials.replace(weights, count, max, scale);
    return sum();
  }

  /** Four sums at a time: one would wait for each addition before the next. */
  private double sum() {
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    int i = 0;
    for (; i + 3 < weights.length; i += 4) {
      a += weights[i];
      b += weights[i + 1];
      c += weights[i + 2];
      d += weights[i + 3];
    }
    for (; i < weights.length; i++) {
      a += weights[i];
    }
    return (a + b) + (c + d);
  }

  /**
   * The token at {@code target} of the cumulated weights.
   *
   * @param target at least 0 and below the sum
   */
  int draw(double target) {
    return drawAtLeast(Float.MIN_VALUE, target);
  }

  /**
   * Draws from the smallest set of largest weights that holds the mass {@code nucleus}. Of equal
   * weights at its border all belong to it.
   *
   * @param draw in [0, 1)
   */
  int drawNucleus(double nucleus, double draw) {
    Arrays.fill(classMass, 0);
    for (float weight : weights) {
      classMass[Float.floatToRawIntBits(weight) >>> CLASS_SHIFT] += weight;
    }
    int last = CLASSES - 1;
    double above = 0;
    while (last > 0 && above + classMass[last] < nucleus) {
      above += classMass[last--];
    }
    if (last == 0) {
      // The nucleus lies within rounding of the whole mass.
      return draw(draw * above);
    }
    int members = collect(last);
    float smallest = boundary[members - 1];
    double mass = above;
    for (int i = members - 1; i >= 0 && (mass < nucleus || boundary[i] == smallest); i--) {
      smallest = boundary[i];
      mass += smallest;
    }
    return drawAtLeast(smallest, draw * mass);
  }

  /** Brings the weights of a class to {@link #boundary} in ascending order: how many there are. */
  private int collect(int wanted) {
    int members = 0;
    for (float weight : weights) {
      if (Float.floatToRawIntBits(weight) >>> CLASS_SHIFT == wanted) {
        if (members == boundary.length) {
          boundary = Arrays.copyOf(boundary, 2 * members);
        }
        boundary[members++] = weight;
      }
    }
    Arrays.sort(boundary, 0, members);
    return members;
  }

  private int drawAtLeast(float smallest, double target) {
    double rest = target;
    int last = -1;
    for (int token = 0; token < weights.length; token++) {
      if (weights[token] >= smallest) {
        rest -= weights[token];
        last = token;
        if (rest < 0) {
          break;
        }
      }
    }
    // Where the target lies within rounding of the whole mass, the last is the one.
    return last;
  }
}
