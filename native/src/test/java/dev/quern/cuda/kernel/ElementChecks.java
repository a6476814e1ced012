package dev.quern.cuda.kernel;

import dev.quern.cuda.DeviceBuffer;

/** {@code elements.cu} against float64. */
final class ElementChecks {
  private ElementChecks() {}

  static void gatherRows(KernelBench bench, ElementType type) {
    for (int width : new int[] {72, 2056, 3, 77, 2061}) {
      gatherRows(bench, type, width);
    }
  }

  private static void gatherRows(KernelBench bench, ElementType type, int width) {
    int rows = 11;
    int[] ids = {3, 0, 10, -1, 3, 11};
    double[] table = bench.normal(type, rows * width);
    double[] expected = new double[ids.length * width];
    for (int i = 0; i < ids.length; i++) {
      for (int k = 0; k < width && ids[i] >= 0 && ids[i] < rows; k++) {
        expected[i * width + k] = table[ids[i] * width + k] * 1.5;
      }
    }
    DeviceBuffer out = bench.fresh(type, expected.length);
    new ElementKernels(bench.module)
        .gatherRows(
            bench.stream,
            type,
            out,
            bench.upload(type, table),
            bench.upload(ids),
            1.5f,
            rows,
            width,
            ids.length);
    bench.expect("gathered, width " + width, type, out, expected);
  }

  static void gated(KernelBench bench, ElementType type) {
    int rows = 3;
    for (int width : new int[] {8, 136, 1032}) {
      double[] gateUp = bench.normal(type, 2 * rows * width);
      DeviceBuffer input = bench.upload(type, gateUp);
      for (ElementKernels.Gate gate : ElementKernels.Gate.values()) {
        double[] expected = new double[rows * width];
        for (int i = 0; i < expected.length; i++) {
          int place = i / width * 2 * width + i % width;
          double activated = Numbers.round(type, activate(gate, gateUp[place]));
          expected[i] = activated * gateUp[place + width];
        }
        DeviceBuffer out = bench.fresh(type, expected.length);
        new ElementKernels(bench.module).gated(bench.stream, type, out, input, gate, rows, width);
        bench.expect("gated " + gate, type, out, expected);
      }
    }
  }

  static double activate(ElementKernels.Gate gate, double x) {
    return switch (gate) {
      case SILU -> x / (1 + Math.exp(-x));
      case GELU_TANH ->
          0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
      case GELU -> 0.5 * x * (1 + erf(x / Math.sqrt(2)));
    };
  }

  /** The error function by its Taylor series, enough for |x| below 5. */
  private static double erf(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; n < 120; n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }

  static void pointwise(KernelBench bench, ElementType type) {
    for (int count : new int[] {5, 8, 2056, 2061}) {
      pointwise(bench, type, count);
    }
  }

  private static void pointwise(KernelBench bench, ElementType type, int count) {
    double[] a = bench.normal(type, count);
    double[] b = bench.normal(type, count);
    double[] sum = new double[count];
    double[] scaled = new double[count];
    double[] capped = new double[count];
    for (int i = 0; i < count; i++) {
      sum[i] = a[i] + b[i];
      scaled[i] = a[i] * 0.3f;
      capped[i] = 2 * Math.tanh(a[i] / 2);
    }
    ElementKernels kernels = new ElementKernels(bench.module);
    DeviceBuffer deviceA = bench.upload(type, a);
    DeviceBuffer deviceB = bench.upload(type, b);
    DeviceBuffer out = bench.fresh(type, count);
    kernels.scale(bench.stream, type, out, deviceA, 0.3f, count);
    bench.expect("scaled", type, out, scaled);
    kernels.softCap(bench.stream, type, out, deviceA, 2, count);
    bench.expect("capped", type, out, capped);
    kernels.add(bench.stream, type, deviceA, deviceA, deviceB, count);
    bench.expect("sum in place", type, deviceA, sum);
  }
}
