package dev.quern.cuda.kernel;

import dev.quern.cuda.DeviceBuffer;
import java.util.Arrays;

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

  /** Against the gate of what {@code linear} gives. */
  static void gated(KernelBench bench, ElementType type) {
    gated(bench, type, 1, 9, 72, false);
    gated(bench, type, 3, 17, 1096, true);
    gated(bench, type, 8, 6, 40, true);
  }

  /** The bits of a row do not depend on how many others there are. */
  static void rowsAlone(KernelBench bench) {
    ElementType type = ElementType.FP32;
    int rows = 37;
    int outs = 13;
    int ins = 1096;
    LinearKernels kernels = new LinearKernels(bench.module);
    DeviceBuffer x = bench.upload(type, bench.normal(type, rows * ins));
    DeviceBuffer weight = bench.upload(type, bench.normal(type, outs * ins));
    DeviceBuffer all = bench.fresh(type, (long) rows * outs);
    kernels.linear(bench.stream, type, all, x, weight, null, rows, outs, ins);
    int[] expected = bench.downloadInts(all, rows * outs);
    for (int count : new int[] {1, 2, 3, 8}) {
      DeviceBuffer some = bench.fresh(type, (long) count * outs);
      DeviceBuffer last = x.slice(4L * (rows - count) * ins, 4L * count * ins);
      kernels.linear(bench.stream, type, some, last, weight, null, count, outs, ins);
      int from = (rows - count) * outs;
      bench.expect(count + " rows", some, Arrays.copyOfRange(expected, from, rows * outs));
    }
  }

  private static void gated(
      KernelBench bench, ElementType type, int rows, int width, int ins, boolean biased) {
    LinearKernels kernels = new LinearKernels(bench.module);
    DeviceBuffer x = bench.upload(type, bench.normal(type, rows * ins));
    double deviation = 1 / Math.sqrt(ins);
    DeviceBuffer weight =
        bench.upload(type, Numbers.normal(bench.random, type, 2 * width * ins, deviation));
    DeviceBuffer bias = biased ? bench.upload(type, bench.normal(type, 2 * width)) : null;
    DeviceBuffer gateUp = bench.fresh(type, (long) rows * 2 * width);
    kernels.linear(bench.stream, type, gateUp, x, weight, bias, rows, 2 * width, ins);
    double[] products = bench.download(type, gateUp, rows * 2 * width);
    for (ElementKernels.Gate gate : ElementKernels.Gate.values()) {
      double[] expected = new double[rows * width];
      for (int i = 0; i < expected.length; i++) {
        int place = i / width * 2 * width + i % width;
        double activated = Numbers.round(type, ElementChecks.activate(gate, products[place]));
        expected[i] = activated * products[place + width];
      }
      DeviceBuffer out = bench.fresh(type, expected.length);
      kernels.gated(bench.stream, type, out, x, weight, bias, gate, rows, width, ins);
      bench.expect("gated product " + gate, type, out, expected);
    }
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
