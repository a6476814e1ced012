package dev.quern.cuda.kernel;

import dev.quern.cuda.DeviceBuffer;

/** {@code norm.cu} against float64. */
final class NormChecks {
  private static final float EPSILON = 1e-5f;
  private static final int[] HIDDEN = {8, 72, 896, 5000};
  private static final int ROWS = 3;

  private NormChecks() {}

  static void rmsNorm(KernelBench bench, ElementType type) {
    for (int hidden : HIDDEN) {
      double[] x = bench.normal(type, ROWS * hidden);
      double[] weight = bench.normal(ElementType.FP32, hidden);
      DeviceBuffer out = bench.fresh(type, x.length);
      new NormKernels(bench.module)
          .rmsNorm(
              bench.stream,
              type,
              out,
              bench.upload(type, x),
              null,
              bench.upload(ElementType.FP32, weight),
              EPSILON,
              ROWS,
              hidden);
      bench.expect("RMSNorm of " + hidden, type, out, rms(x, weight, hidden));
    }
  }

  static void rmsNormWithResidual(KernelBench bench, ElementType type) {
    for (int hidden : HIDDEN) {
      double[] x = bench.normal(type, ROWS * hidden);
      double[] residual = bench.normal(type, ROWS * hidden);
      double[] weight = bench.normal(ElementType.FP32, hidden);
      double[] sum = new double[x.length];
      for (int i = 0; i < sum.length; i++) {
        sum[i] = Numbers.round(type, x[i] + residual[i]);
      }
      DeviceBuffer out = bench.fresh(type, x.length);
      DeviceBuffer stream = bench.upload(type, residual);
      new NormKernels(bench.module)
          .rmsNorm(
              bench.stream,
              type,
              out,
              bench.upload(type, x),
              new NormKernels.Residual(stream, stream),
              bench.upload(ElementType.FP32, weight),
              EPSILON,
              ROWS,
              hidden);
      bench.expect("residual of " + hidden, type, stream, sum, 1e-6);
      bench.expect("RMSNorm of " + hidden, type, out, rms(sum, weight, hidden));
    }
  }

  static void layerNorm(KernelBench bench, ElementType type) {
    for (int hidden : HIDDEN) {
      layerNorm(bench, type, hidden, false);
      layerNorm(bench, type, hidden, true);
    }
  }

  private static void layerNorm(
      KernelBench bench, ElementType type, int hidden, boolean withResidual) {
    double[] input = bench.normal(type, ROWS * hidden);
    double[] residual = bench.normal(type, ROWS * hidden);
    double[] x = input.clone();
    for (int i = 0; i < x.length && withResidual; i++) {
      x[i] = Numbers.round(type, input[i] + residual[i]);
    }
    double[] weight = bench.normal(ElementType.FP32, hidden);
    double[] bias = bench.normal(ElementType.FP32, hidden);
    double[] expected = new double[x.length];
    for (int row = 0; row < ROWS; row++) {
      double mean = 0;
      double variance = 0;
      for (int i = 0; i < hidden; i++) {
        mean += x[row * hidden + i] / hidden;
      }
      for (int i = 0; i < hidden; i++) {
        variance += Math.pow(x[row * hidden + i] - mean, 2) / hidden;
      }
      for (int i = 0; i < hidden; i++) {
        double centered = x[row * hidden + i] - mean;
        expected[row * hidden + i] = centered / Math.sqrt(variance + EPSILON) * weight[i] + bias[i];
      }
    }
    DeviceBuffer out = bench.fresh(type, x.length);
    DeviceBuffer sum = bench.fresh(type, x.length);
    new NormKernels(bench.module)
        .layerNorm(
            bench.stream,
            type,
            out,
            bench.upload(type, input),
            withResidual ? new NormKernels.Residual(sum, bench.upload(type, residual)) : null,
            bench.upload(ElementType.FP32, weight),
            bench.upload(ElementType.FP32, bias),
            EPSILON,
            ROWS,
            hidden);
    if (withResidual) {
      bench.expect("residual of " + hidden, type, sum, x, 1e-6);
    }
    bench.expect("LayerNorm of " + hidden, type, out, expected);
  }

  private static double[] rms(double[] x, double[] weight, int hidden) {
    double[] expected = new double[x.length];
    for (int row = 0; row < x.length / hidden; row++) {
      double squares = 0;
      for (int i = 0; i < hidden; i++) {
        squares += x[row * hidden + i] * x[row * hidden + i];
      }
      double factor = 1 / Math.sqrt(squares / hidden + EPSILON);
      for (int i = 0; i < hidden; i++) {
        expected[row * hidden + i] = x[row * hidden + i] * factor * weight[i];
      }
    }
    return expected;
  }
}
