package dev.quern.engine.tensor.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TokenWeightsTest {
  @Test
  void exponentialsAreGoodToAFewUnitsInTheLastPlace() {
    float[] values = new float[870_001];
    for (int i = 0; i < values.length; i++) {
      values[i] = -i * 1e-4f;
    }
    float[] exponents = values.clone();
    Exponentials.replace(values, values.length, 0, 1);
    for (int i = 0; i < values.length; i++) {
      double expected = Math.exp(exponents[i]) - Math.exp(-87);
      assertEquals(expected, values[i], 2e-7 * Math.exp(exponents[i]), "e^" + exponents[i]);
    }
    assertEquals(1, values[0]);
    assertEquals(0, values[870_000]);
  }

  @Test
  void whatIsMaskedWeighsNothing() {
    float[] logits = {3, Float.NEGATIVE_INFINITY, -200, 2, -Float.MAX_VALUE};
    TokenWeights weights = new TokenWeights(5);
    double mass = weights.take(logits, 0, 3, 1, Float.NEGATIVE_INFINITY);
    assertEquals(1 + Math.exp(-1), mass, 1e-7);
    // Even a target beyond the sum falls to a token that weighs something.
    assertEquals(3, weights.draw(mass + 1));
    assertEquals(0, weights.drawNucleus(mass, 0));
    assertEquals(3, weights.drawNucleus(2 * mass, 0.999));
    assertEquals(1, weights.take(logits, 0, 3, 1, 2.5f), 1e-7);
  }

  /** Every token of the nucleus that a full sort gives can be drawn, and no other. */
  @Test
  void theNucleusIsTheOneOfAFullSort() {
    SplittableRandom random = new SplittableRandom(5);
    for (double deviation : new double[] {0.01, 1, 4, 20}) {
      int size = 500;
      float[] logits = new float[size];
      float max = Float.NEGATIVE_INFINITY;
      for (int i = 0; i < size; i++) {
        logits[i] = (float) (random.nextGaussian() * deviation);
        max = Math.max(max, logits[i]);
      }
      TokenWeights weights = new TokenWeights(size);
      double mass = weights.take(logits, 0, max, 1, Float.NEGATIVE_INFINITY);
      for (double share : new double[] {1e-9, 0.3, 0.9, 0.999}) {
        Set<Integer> expected = nucleus(logits, max, share);
        Set<Integer> drawn = new HashSet<>();
        for (int i = 0; i < 20_000; i++) {
          drawn.add(weights.drawNucleus(share * mass, i / 20_000.0));
        }
        assertTrue(expected.containsAll(drawn), deviation + " " + share);
        assertTrue(
            drawn.size() >= 0.9 * expected.size(),
            deviation + " " + share + ": " + drawn.size() + " of " + expected.size());
      }
    }
  }

  private static Set<Integer> nucleus(float[] logits, float max, double share) {
    Integer[] order = new Integer[logits.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Float.compare(logits[b], logits[a]));
    double mass = 0;
    for (float logit : logits) {
      mass += Math.exp(logit - max);
    }
    Set<Integer> members = new HashSet<>();
    double held = 0;
    for (int token : order) {
      if (held >= share * mass) {
        break;
      }
      held += Math.exp(logits[token] - max);
      members.add(token);
    }
    return members;
  }
}
