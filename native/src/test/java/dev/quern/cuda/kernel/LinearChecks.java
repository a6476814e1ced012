package dev.quern.cuda.kernel;

import dev.quern.cuda.DeviceBuffer;

/** {@code linear.cu} against float64. */
final class LinearChecks {
  private LinearChecks() {}

  static void fewRows(KernelBench bench, ElementType type) {
    check(bench, type, 1, 9, 8, false);
    check(bench, type, 2, 33, 264, true);
    check(bench, type, 3, 6, 520, true);
    check(bench, type, 7, 5, 72, false);
    check(bench, type, 8, 4, 96, true);
  }

  static void manyRows(KernelBench bench, ElementType type) {
    check(bench, type, 9, 65, 40, true);
    check(bench, type, 70, 67, 136, false);
  }

  private static void check(
      KernelBench bench, ElementType type, int rows, int outs, int ins, boolean biased) {
    double[] x = bench.normal(type, rows * ins);
    double[] weight = bench.normal(type, outs * ins);
    double[] bias = bench.normal(type, outs);
    double[] expected = new double[rows * outs];
    for (int i = 0; i < expected.length; i++) {
      double sum = biased ? bias[i % outs] : 0;
      for (int k = 0; k < ins; k++) {
        sum += x[i / outs * ins + k] * weight[i % outs * ins + k];
      }
      expected[i] = sum;
    }
    DeviceBuffer out = bench.fresh(type, expected.length);
    new LinearKernels(bench.module)
        .linear(
            bench.stream,
            type,
            out,
            bench.upload(type, x),
            bench.upload(type, weight),
            biased ? bench.upload(type, bias) : null,
            rows,
            outs,
            ins);
    bench.expect(rows + " x " + ins + " times " + outs, type, out, expected);
  }
}
