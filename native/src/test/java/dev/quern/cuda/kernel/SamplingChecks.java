package dev.quern.cuda.kernel;

import dev.quern.cuda.DeviceBuffer;
import java.util.Arrays;

/** {@code sampling.cu} against float64. */
final class SamplingChecks {
  private SamplingChecks() {}

  static void argmax(KernelBench bench, ElementType type) {
    int rows = 6;
    for (int vocabulary : new int[] {1, 31, 1003}) {
      double[] logits = bench.normal(type, rows * vocabulary);
      int[] expected = new int[rows];
      for (int row = 0; row < rows; row++) {
        int base = row * vocabulary;
        switch (row) {
          case 1 -> {
            // A tie of the largest: the lower place wins.
            logits[base + vocabulary / 2] = 100;
            logits[base + vocabulary - 1] = 100;
          }
          case 2 -> logits[base + vocabulary - 1] = Double.NaN;
          case 3 -> logits[base] = Double.POSITIVE_INFINITY;
          case 4 -> Arrays.fill(logits, base, base + vocabulary, Double.NEGATIVE_INFINITY);
          case 5 -> Arrays.fill(logits, base, base + vocabulary, 0.5);
          default -> {}
        }
        expected[row] = row >= 2 && row <= 4 ? -1 : largest(logits, base, vocabulary);
      }
      DeviceBuffer ids = bench.fresh(4L * rows);
      new SamplingKernels(bench.module)
          .argmax(bench.stream, type, ids, bench.upload(type, logits), rows, vocabulary);
      bench.expect("argmax of " + vocabulary, ids, expected);
    }
  }

  private static int largest(double[] logits, int base, int vocabulary) {
    int best = 0;
    for (int i = 1; i < vocabulary; i++) {
      if (logits[base + i] > logits[base + best]) {
        best = i;
      }
    }
    return best;
  }

  /**
   * Draws that stand in the middle of the wanted token's stretch of the cumulated probabilities, so
   * that rounding cannot move them.
   */
  static void sample(KernelBench bench, ElementType type) {
    int vocabulary = 515;
    double[] temperatures = {0, 1, 0.7f, 1.3f, 1, 0.5f, 1};
    double[] minPs = {0, 0, 0.05f, 0, 0, 0.01f, 0};
    int[] topKs = {0, 0, 0, 7, 0, 20, 1};
    double[] topPs = {1, 1, 1, 1, 0.6f, 0.8f, 1};
    int rows = topKs.length;
    double[] logits = new double[rows * vocabulary];
    for (int row = 0; row < rows; row++) {
      distinct(bench, type, logits, row * vocabulary, vocabulary);
    }
    double[] uniforms = new double[rows];
    int[] expected = new int[rows];
    for (int row = 0; row < rows; row++) {
      double[] kept =
          keptWeights(
              Arrays.copyOfRange(logits, row * vocabulary, (row + 1) * vocabulary),
              temperatures[row],
              minPs[row],
              topKs[row],
              topPs[row]);
      int[] places =
          bench.random.ints(0, vocabulary).filter(i -> kept[i] > 1e-3).limit(1).toArray();
      expected[row] = places[0];
      double total = Arrays.stream(kept).sum();
      double before = Arrays.stream(kept, 0, places[0]).sum();
      uniforms[row] = (before + kept[places[0]] / 2) / total;
    }
    DeviceBuffer ids = bench.fresh(4L * rows);
    new SamplingKernels(bench.module)
        .sample(
            bench.stream,
            type,
            ids,
            bench.upload(type, logits),
            new SamplingKernels.Draws(
                bench.upload(ElementType.FP32, temperatures),
                bench.upload(ElementType.FP32, minPs),
                bench.upload(topKs),
                bench.upload(ElementType.FP32, topPs),
                bench.upload(ElementType.FP32, uniforms)),
            rows,
            vocabulary);
    bench.expect("sampled", ids, expected);
  }

  /** Logits without ties among the likely ones, spread so that no cut falls on a seam. */
  private static void distinct(
      KernelBench bench, ElementType type, double[] logits, int base, int vocabulary) {
    for (int i = 0; i < vocabulary; i++) {
      logits[base + i] = Numbers.round(type, -8 - bench.random.nextInt(64) / 16.0);
    }
    for (int k = 0; k < 40; k++) {
      logits[base + (k * 97 + 13) % vocabulary] = Numbers.round(type, 4 - k * 0.1875);
    }
  }

  private static double[] keptWeights(
      double[] logits, double temperature, double minP, int topK, double topP) {
    int vocabulary = logits.length;
    Integer[] order = new Integer[vocabulary];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Double.compare(logits[b], logits[a]));
    double[] weights = new double[vocabulary];
    for (int i = 0; i < vocabulary; i++) {
      double difference = logits[i] - logits[order[0]];
      weights[i] =
          temperature == 0 ? (difference == 0 ? 1 : 0) : Math.exp(difference / temperature);
      weights[i] = weights[i] >= minP ? weights[i] : 0;
    }
    if (topK > 0) {
      for (int rank = topK; rank < vocabulary; rank++) {
        weights[order[rank]] = 0;
      }
    }
    double total = Arrays.stream(weights).sum();
    double sum = 0;
    for (int i : order) {
      if (sum >= topP * total) {
        weights[i] = 0;
      }
      sum += weights[i];
    }
    return weights;
  }
}
