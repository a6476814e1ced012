package dev.quern.engine.tensor;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** What a {@link Draw.Choice} means, by sorting in float64. */
final class DrawReference {
  private DrawReference() {}

  /** The logits after a choice's changes. */
  static double[] changed(double[] logits, LogitChanges changes) {
    double[] x = logits.clone();
    if (changes.allowed().length > 0) {
      Arrays.fill(x, Double.NEGATIVE_INFINITY);
      Arrays.stream(changes.allowed()).forEach(id -> x[id] = logits[id]);
    }
    Arrays.stream(changes.forbidden()).forEach(id -> x[id] = Double.NEGATIVE_INFINITY);
    for (int i = 0; i < changes.biased().length; i++) {
      x[changes.biased()[i]] += changes.biases()[i];
    }
    LogitChanges.Penalties penalties = changes.penalties();
    for (int i = 0; i < penalties.tokens().length; i++) {
      int id = penalties.tokens()[i];
      int count = penalties.outputCounts()[i];
      x[id] = x[id] > 0 ? x[id] / penalties.repetition() : x[id] * penalties.repetition();
      x[id] -= count * penalties.frequency() + (count > 0 ? penalties.presence() : 0);
    }
    return x;
  }

  /**
   * How probable each token is.
   *
   * @throws Ambiguous when a cut lies so close to a token that rounding decides
   */
  static double[] probabilities(double[] logits, Draw.Choice choice) throws Ambiguous {
    double[] x = changed(logits, choice.changes());
    List<Integer> order =
        IntStream.range(0, x.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> -x[i]).thenComparingInt(i -> i))
            .toList();
    double[] probabilities = new double[x.length];
    if (choice.isGreedy()) {
      probabilities[order.getFirst()] = 1;
      return probabilities;
    }
    double largest = x[order.getFirst()];
    double[] weights =
        Arrays.stream(x).map(v -> Math.exp((v - largest) / choice.temperature())).toArray();
    int kept = 0;
    while (kept < x.length && keeps(weights[order.get(kept)], choice.minP())) {
      kept++;
    }
    kept = choice.topK() > 0 ? Math.min(kept, choice.topK()) : kept;
    double all = order.subList(0, kept).stream().mapToDouble(id -> weights[id]).sum();
    double mass = 0;
    int nucleus = 0;
    while (nucleus < kept && (choice.topP() == 1 || !keeps(mass / all, choice.topP()))) {
      mass += weights[order.get(nucleus++)];
    }
    for (int id : order.subList(0, nucleus)) {
      probabilities[id] = weights[id] / mass;
    }
    return probabilities;
  }

  private static boolean keeps(double value, double border) throws Ambiguous {
    if (border > 0 && Math.abs(value - border) < 1e-4) {
      throw new Ambiguous();
    }
    return value >= border;
  }

  static double logProbability(double[] logits, int token) {
    double largest = Arrays.stream(logits).max().orElseThrow();
    double sum = Arrays.stream(logits).map(v -> Math.exp(v - largest)).sum();
    return logits[token] - largest - Math.log(sum);
  }

  /** A cut lies too close to a token to be told by. */
  static final class Ambiguous extends Exception {
    private static final long serialVersionUID = 1;
  }
}
