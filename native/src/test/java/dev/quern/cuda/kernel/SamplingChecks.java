package dev.quern.cuda.kernel;

import dev.quern.cuda.DeviceBuffer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

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

  /** Temperature, min-p, top-k, top-p and the draw of one row. */
  private record Way(double temperature, double minP, int topK, double topP) {}

  private static final List<Way> WAYS =
      List.of(
          new Way(0, 0, 0, 1),
          new Way(1e-6, 0, 0, 1),
          new Way(1, 0, 0, 1),
          new Way(0.7f, 0.05f, 0, 1),
          new Way(1, 0, 0, 0.6f),
          new Way(0.5f, 0.01f, 0, 0.8f),
          new Way(1.3f, 0, 7, 1),
          new Way(1, 0, 1, 1),
          new Way(1, 0, 9, 0.7f),
          new Way(2, 0.03f, 300, 0.9f),
          new Way(0.9f, 0, 514, 1),
          new Way(0.8f, 0, 20, 0.07f));

  /** Distinct values, and many of the same, among which cuts and draws count one by one. */
  static void sample(KernelBench bench, ElementType type) {
    int vocabulary = 515;
    int rows = 2 * WAYS.size() + 3;
    double[] logits = new double[rows * vocabulary];
    double[] temperatures = new double[rows];
    double[] minPs = new double[rows];
    int[] topKs = new int[rows];
    double[] topPs = new double[rows];
    double[] uniforms = new double[rows];
    int[] expected = new int[rows];
    for (int row = 0; row < 2 * WAYS.size(); row++) {
      Way way = WAYS.get(row / 2);
      int steps = row % 2 == 0 ? 1000 : 3;
      double[] own = new double[vocabulary];
      for (int i = 0; i < vocabulary; i++) {
        own[i] = Numbers.round(type, 2 - bench.random.nextInt(steps) * (6.0 / steps));
      }
      System.arraycopy(own, 0, logits, row * vocabulary, vocabulary);
      temperatures[row] = way.temperature();
      minPs[row] = way.minP();
      topKs[row] = way.topK();
      topPs[row] = way.topP();
      int[] order = order(way, own);
      double[] weights = Arrays.stream(order).mapToDouble(id -> weight(way, own, id)).toArray();
      int place = bench.random.nextInt(order.length);
      expected[row] = order[place];
      double before = Arrays.stream(weights, 0, place).sum();
      uniforms[row] = (before + weights[place] / 2) / Arrays.stream(weights).sum();
    }
    for (int row = rows - 3; row < rows; row++) {
      temperatures[row] = topPs[row] = 1;
      expected[row] = row == rows - 1 ? -2 : -1;
    }
    logits[(rows - 3) * vocabulary + 514] = Double.NaN;
    logits[(rows - 2) * vocabulary + 3] = Double.POSITIVE_INFINITY;
    Arrays.fill(logits, (rows - 1) * vocabulary, rows * vocabulary, Double.NEGATIVE_INFINITY);
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

  private static double weight(Way way, double[] logits, int id) {
    double largest = Arrays.stream(logits).max().orElseThrow();
    return Math.exp((logits[id] - largest) / way.temperature());
  }

  /** Which tokens may be drawn, in the order in which the draw goes through them. */
  private static int[] order(Way way, double[] logits) {
    int[] sorted = sorted(logits);
    if (way.temperature() < 1e-5) {
      return new int[] {sorted[0]};
    }
    boolean limited = way.topK() > 0;
    int[] kept =
        Arrays.stream(sorted)
            .filter(id -> weight(way, logits, id) >= way.minP() * (1 - 1e-6))
            .limit(limited ? way.topK() : logits.length)
            .toArray();
    double wanted =
        way.topP() * Arrays.stream(kept).mapToDouble(id -> weight(way, logits, id)).sum();
    int size = 0;
    for (double mass = 0; size < kept.length && (size == 0 || mass < wanted); size++) {
      mass += weight(way, logits, kept[size]);
    }
    if (limited) {
      return Arrays.copyOf(kept, size);
    }
    double smallest = logits[kept[size - 1]];
    return Arrays.stream(kept).filter(id -> logits[id] >= smallest).sorted().toArray();
  }

  /** Ids from the largest logit on, ties by id. */
  private static int[] sorted(double[] logits) {
    return IntStream.range(0, logits.length)
        .boxed()
        .sorted(Comparator.<Integer>comparingDouble(id -> -logits[id]).thenComparing(id -> id))
        .mapToInt(id -> id)
        .toArray();
  }

  static void adjust(KernelBench bench, ElementType type) {
    int vocabulary = 1003;
    // Rows: as it is; penalties; forbidden and biased; restricted; NaN.
    int[] starts = {0, 0, 5, 8, 10, 11};
    int[] ids = {0, 7, 1002, 500, 31, 3, 4, 5, 900, 2, 6};
    int[] counts = {1, 0, 3, -1, 2, -1, -1, 1, 0, -1, 1};
    double none = Double.NEGATIVE_INFINITY;
    double[] biases = {0, 0, 0.5f, -2, 0, none, 4, none, 0, 1.5f, 1};
    int[] restricted = {0, 0, 0, 1, 0};
    double[] penalties = {1, 0, 0, 1.3f, 0.5f, 0.25f, 1, 0, 0, 0.5f, 0, 0, 1, 0, 0};
    int rows = restricted.length;
    double[] logits = bench.normal(type, rows * vocabulary);
    logits[4 * vocabulary + 1000] = Double.NaN;
    double[] expected = new double[rows * vocabulary];
    for (int row = 0; row < rows; row++) {
      for (int id = 0; id < vocabulary; id++) {
        int place = row * vocabulary + id;
        expected[place] = row == 4 ? Double.NaN : restricted[row] == 0 ? logits[place] : none;
      }
      for (int entry = starts[row]; entry < starts[row + 1] && row < 4; entry++) {
        int place = row * vocabulary + ids[entry];
        double x = logits[place] + biases[entry];
        double repetition = counts[entry] < 0 ? 1 : penalties[3 * row];
        x = x > 0 ? x / repetition : x * repetition;
        int count = Math.max(0, counts[entry]);
        double presence = count == 0 ? 0 : penalties[3 * row + 1];
        expected[place] = x - presence - penalties[3 * row + 2] * count;
      }
    }
    DeviceBuffer adjusted = bench.fresh(ElementType.FP32, expected.length);
    new SamplingKernels(bench.module)
        .adjust(
            bench.stream,
            type,
            adjusted,
            bench.upload(type, logits),
            new SamplingKernels.Adjustments(
                bench.upload(starts),
                bench.upload(ids),
                bench.upload(counts),
                bench.upload(ElementType.FP32, biases),
                bench.upload(restricted),
                bench.upload(ElementType.FP32, penalties),
                ids.length),
            rows,
            vocabulary);
    expectNear(
        "adjusted " + type, bench.download(ElementType.FP32, adjusted, expected.length), expected);
  }

  static void logProbabilities(KernelBench bench, ElementType type) {
    for (int top : new int[] {0, 3, 20}) {
      logProbabilities(bench, type, 515, top);
    }
    logProbabilities(bench, type, 7, 20);
  }

  private static void logProbabilities(
      KernelBench bench, ElementType type, int vocabulary, int top) {
    int rows = 5;
    double[] logits = bench.normal(type, rows * vocabulary);
    int[] ids = {vocabulary - 1, 2, 3, -1, 0};
    for (int i = 0; i < vocabulary; i++) {
      // The second row has few distinct values; the last is not finite.
      logits[vocabulary + i] = Numbers.round(type, bench.random.nextInt(4));
    }
    logits[2 * vocabulary] = Double.NEGATIVE_INFINITY;
    logits[4 * vocabulary + vocabulary / 2] = Double.NaN;
    double[] chosen = new double[rows];
    int[] ranks = new int[rows];
    int[] topIds = new int[rows * top];
    double[] topLogprobs = new double[rows * top];
    Arrays.fill(topIds, -1);
    Arrays.fill(topLogprobs, Double.NaN);
    for (int row = 0; row < rows; row++) {
      chosen[row] = Double.NaN;
      if (row == 4) {
        continue;
      }
      double[] own = Arrays.copyOfRange(logits, row * vocabulary, (row + 1) * vocabulary);
      double logSum = Math.log(Arrays.stream(own).map(Math::exp).sum());
      int[] sorted = sorted(own);
      for (int place = 0; place < vocabulary; place++) {
        double logprob = own[sorted[place]] - logSum;
        if (sorted[place] == ids[row]) {
          chosen[row] = logprob;
          ranks[row] = place + 1;
        }
        if (place < top && logprob > Double.NEGATIVE_INFINITY) {
          topIds[row * top + place] = sorted[place];
          topLogprobs[row * top + place] = logprob;
        }
      }
    }
    SamplingKernels.LogProbabilities out =
        new SamplingKernels.LogProbabilities(
            bench.fresh(4L * rows),
            bench.fresh(4L * rows),
            bench.fresh(4L * rows * top),
            bench.fresh(4L * rows * top),
            top);
    new SamplingKernels(bench.module)
        .logProbabilities(
            bench.stream,
            type,
            out,
            bench.upload(type, logits),
            bench.upload(ids),
            rows,
            vocabulary);
    bench.expect("ranks", out.ranks(), ranks);
    expectNear("log-probabilities", bench.download(ElementType.FP32, out.chosen(), rows), chosen);
    if (top == 0) {
      return;
    }
    bench.expect("top ids", out.topIds(), topIds);
    double[] got = bench.download(ElementType.FP32, out.topLogprobs(), topLogprobs.length);
    expectNear("top log-probabilities", got, topLogprobs);
  }

  /** By differences, for logarithms and logits; NaN and infinity where they are expected. */
  private static void expectNear(String what, double[] got, double[] expected) {
    for (int i = 0; i < expected.length; i++) {
      boolean bothNaN = Double.isNaN(got[i]) && Double.isNaN(expected[i]);
      if (!bothNaN && got[i] != expected[i] && !(Math.abs(got[i] - expected[i]) < 1e-5)) {
        throw new AssertionError(
            what + ": element " + i + " is " + got[i] + ", not " + expected[i]);
      }
    }
  }

  static void takeDrawn(KernelBench bench) {
    int[] drawn = {40, -1, 42};
    int[] ids = new int[300];
    Arrays.setAll(ids, i -> i);
    ids[0] = -3;
    ids[1] = -2;
    ids[17] = Integer.MIN_VALUE;
    ids[256] = -4;
    ids[299] = -1;
    int[] expected = ids.clone();
    expected[0] = 42;
    expected[1] = -1;
    expected[299] = 40;
    DeviceBuffer device = bench.upload(ids);
    new SamplingKernels(bench.module)
        .takeDrawn(bench.stream, device, bench.upload(drawn), ids.length, drawn.length);
    bench.expect("ids", device, expected);
  }
}
