package dev.quern.cuda.kernel;

import dev.quern.cuda.DeviceBuffer;
import java.util.Arrays;
import java.util.stream.IntStream;

/** {@code moe.cu} against float64. */
final class ExpertChecks {
  private ExpertChecks() {}

  static void route(KernelBench bench, ElementType type) {
    check(bench, type, 5, 8, 2, true);
    check(bench, type, 3, 60, 4, false);
    check(bench, type, 2, 256, 8, true);
  }

  /** Few and many rows an expert, experts without any, and one that has most. */
  static void mixture(KernelBench bench, ElementType type) {
    mixture(bench, type, 1, 6, 2, 24, 32);
    mixture(bench, type, 7, 5, 3, 16, 72);
    mixture(bench, type, 70, 3, 1, 40, 64);
    mixture(bench, type, 33, 4, 2, 72, 40);
  }

  private static void mixture(
      KernelBench bench,
      ElementType type,
      int tokens,
      int experts,
      int topK,
      int width,
      int hidden) {
    int[] chosen = choices(bench, tokens, experts, topK);
    double[] shares = bench.normal(ElementType.FP32, chosen.length);
    double[] x = bench.normal(type, tokens * hidden);
    double[] gateUp = bench.normal(type, experts * 2 * width * hidden);
    double[] down = bench.normal(type, experts * hidden * width);

    ExpertKernels kernels = new ExpertKernels(bench.module);
    DeviceBuffer deviceChosen = bench.upload(chosen);
    ExpertKernels.Assignments assignments = sorted(bench, deviceChosen, chosen, tokens, experts);
    DeviceBuffer inner = bench.fresh(type, (long) chosen.length * width);
    boolean atOnce = kernels.gatesAtOnce(type, assignments);
    DeviceBuffer products = atOnce ? inner : bench.fresh(type, 2L * chosen.length * width);
    DeviceBuffer deviceX = bench.upload(type, x);
    ElementKernels.Gate gate = ElementKernels.Gate.SILU;
    kernels.gateUp(
        bench.stream,
        type,
        products,
        deviceX,
        bench.upload(type, gateUp),
        assignments,
        gate,
        width,
        hidden);
    if (!atOnce) {
      new ElementKernels(bench.module)
          .gated(bench.stream, type, inner, products, gate, chosen.length, width);
    }
    DeviceBuffer results = bench.fresh(type, (long) chosen.length * hidden);
    kernels.down(
        bench.stream, type, results, inner, bench.upload(type, down), assignments, hidden, width);
    DeviceBuffer out = bench.fresh(type, (long) tokens * hidden);
    DeviceBuffer deviceShares = bench.upload(ElementType.FP32, shares);
    kernels.sum(bench.stream, type, out, results, deviceShares, tokens, topK, hidden);

    double[] expected = new double[tokens * hidden];
    for (int a = 0; a < chosen.length; a++) {
      int token = a / topK;
      double[] input = Arrays.copyOfRange(x, token * hidden, (token + 1) * hidden);
      double[] both = product(gateUp, chosen[a], input, 2 * width);
      double[] gated = new double[width];
      for (int i = 0; i < width; i++) {
        gated[i] = ElementChecks.activate(gate, both[i]) * both[width + i];
      }
      double[] result = product(down, chosen[a], gated, hidden);
      for (int i = 0; i < hidden; i++) {
        expected[token * hidden + i] += shares[a] * result[i];
      }
    }
    // Four roundings on the way: products, gate, inner and result.
    String what = tokens + " tokens to " + topK + " of " + experts;
    bench.expect(what, type, out, expected, 3 * Numbers.tolerance(type));
  }

  /** Distinct experts for each token; expert 0 has most of them, expert 1 none. */
  private static int[] choices(KernelBench bench, int tokens, int experts, int topK) {
    int[] chosen = new int[tokens * topK];
    for (int a = 0; a < chosen.length; a++) {
      int[] before = Arrays.copyOfRange(chosen, a / topK * topK, a);
      int wanted = a % topK == 0 && a % 8 != 0 ? 0 : bench.random.nextInt(experts);
      while (wanted == 1 || contains(before, wanted)) {
        wanted = bench.random.nextInt(experts);
      }
      chosen[a] = wanted;
    }
    return chosen;
  }

  private static boolean contains(int[] values, int wanted) {
    return Arrays.stream(values).anyMatch(value -> value == wanted);
  }

  private static ExpertKernels.Assignments sorted(
      KernelBench bench, DeviceBuffer device, int[] chosen, int tokens, int experts) {
    ExpertKernels.Assignments assignments =
        new ExpertKernels.Assignments(
            bench.fresh(4L * chosen.length),
            bench.fresh(4L * (experts + 1)),
            bench.fresh(4L * experts),
            tokens,
            chosen.length / tokens,
            experts);
    new ExpertKernels(bench.module).sort(bench.stream, assignments, device);
    int[] order =
        IntStream.range(0, experts)
            .flatMap(e -> IntStream.range(0, chosen.length).filter(a -> chosen[a] == e))
            .toArray();
    int[] starts = new int[experts + 1];
    int[] active = new int[experts];
    Arrays.fill(active, -1);
    int found = 0;
    for (int e = 0; e < experts; e++) {
      int expert = e;
      int count = (int) Arrays.stream(chosen).filter(c -> c == expert).count();
      starts[e + 1] = starts[e] + count;
      if (count > 0) {
        active[found++] = e;
      }
    }
    bench.expect("sorted assignments", assignments.sorted(), order);
    bench.expect("experts' starts", assignments.starts(), starts);
    bench.expect("active experts", assignments.active(), active);
    return assignments;
  }

  /** {@code x W^T} for the {@code [outs, x.length]} of one expert. */
  private static double[] product(double[] weights, int expert, double[] x, int outs) {
    double[] result = new double[outs];
    for (int o = 0; o < outs; o++) {
      for (int i = 0; i < x.length; i++) {
        result[o] += weights[(expert * outs + o) * x.length + i] * x[i];
      }
    }
    return result;
  }

  private static void check(
      KernelBench bench, ElementType type, int tokens, int expertCount, int topK, boolean norm) {
    double[] logits = bench.normal(type, tokens * expertCount);
    int[] experts = new int[tokens * topK];
    double[] weights = new double[tokens * topK];
    for (int token = 0; token < tokens; token++) {
      double[] p = new double[expertCount];
      double sum = 0;
      for (int e = 0; e < expertCount; e++) {
        p[e] = Math.exp(logits[token * expertCount + e]);
        sum += p[e];
      }
      double chosen = 0;
      for (int k = 0; k < topK; k++) {
        int best = 0;
        for (int e = 1; e < expertCount; e++) {
          best = p[e] > p[best] ? e : best;
        }
        experts[token * topK + k] = best;
        weights[token * topK + k] = p[best];
        chosen += p[best];
        p[best] = -1;
      }
      for (int k = 0; k < topK; k++) {
        weights[token * topK + k] /= norm ? chosen : sum;
      }
    }
    DeviceBuffer deviceExperts = bench.fresh(4L * experts.length);
    DeviceBuffer deviceWeights = bench.fresh(4L * weights.length);
    new ExpertKernels(bench.module)
        .route(
            bench.stream,
            type,
            deviceExperts,
            deviceWeights,
            bench.upload(type, logits),
            tokens,
            expertCount,
            topK,
            norm);
    bench.expect("experts", deviceExperts, experts);
    bench.expect("weights", ElementType.FP32, deviceWeights, weights, 1e-5);
  }
}
