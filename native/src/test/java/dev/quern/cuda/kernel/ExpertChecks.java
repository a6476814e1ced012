package dev.quern.cuda.kernel;

import dev.quern.cuda.DeviceBuffer;

/** {@code moe.cu} against float64. */
final class ExpertChecks {
  private ExpertChecks() {}

  static void route(KernelBench bench, ElementType type) {
    check(bench, type, 5, 8, 2, true);
    check(bench, type, 3, 60, 4, false);
    check(bench, type, 2, 256, 8, true);
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
