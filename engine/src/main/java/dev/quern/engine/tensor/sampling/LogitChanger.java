package dev.quern.engine.tensor.sampling;

import dev.quern.engine.tensor.LogitChanges;
import java.util.Arrays;

/** Applies {@link LogitChanges} to a row, in their order. */
final class LogitChanger {
  private LogitChanger() {}

  /** Changes {@code logits [vocabularySize]} in place. */
  static void change(LogitChanges changes, float[] logits) {
    if (changes.allowed().length > 0) {
      keep(changes.allowed(), logits);
    }
    for (int id : changes.forbidden()) {
      logits[id] = Float.NEGATIVE_INFINITY;
    }
    for (int i = 0; i < changes.biased().length; i++) {
      logits[changes.biased()[i]] += changes.biases()[i];
    }
    penalise(changes.penalties(), logits);
  }

  private static void keep(int[] allowed, float[] logits) {
    float[] kept = new float[allowed.length];
    for (int i = 0; i < kept.length; i++) {
      kept[i] = logits[allowed[i]];
    }
    Arrays.fill(logits, Float.NEGATIVE_INFINITY);
    for (int i = 0; i < kept.length; i++) {
      logits[allowed[i]] = kept[i];
    }
  }

  private static void penalise(LogitChanges.Penalties penalties, float[] logits) {
    float repetition = penalties.repetition();
    for (int i = 0; i < penalties.tokens().length; i++) {
      int id = penalties.tokens()[i];
      int count = penalties.outputCounts()[i];
      float logit = logits[id];
      float repeated = logit > 0 ? logit / repetition : logit * repetition;
      logits[id] =
          count == 0 ? repeated : repeated - (penalties.frequency() * count + penalties.presence());
    }
  }
}
