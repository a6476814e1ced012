package dev.quern.cuda.kernel;

import dev.quern.cuda.DeviceBuffer;
import org.jspecify.annotations.Nullable;

/** {@code quantized.cu} against float64. */
final class QuantizedChecks {
  private QuantizedChecks() {}

  static void int8(KernelBench bench, ElementType type) {
    int8(bench, type, 1, 9, 16, false);
    int8(bench, type, 3, 6, 528, true);
    int8(bench, type, 6, 5, 1040, true);
  }

  static void int4(KernelBench bench, ElementType type) {
    int4(bench, type, 1, 9, 32, 32, false);
    int4(bench, type, 2, 7, 1152, 64, true);
    int4(bench, type, 5, 6, 384, 128, true);
  }

  private static void int8(
      KernelBench bench, ElementType type, int rows, int outs, int ins, boolean biased) {
    int[] bytes = bench.random.ints((long) outs * ins, -128, 128).toArray();
    double[] scales = Numbers.normal(bench.random, ElementType.FP32, outs, 0.01);
    double[] weight = new double[outs * ins];
    for (int i = 0; i < weight.length; i++) {
      weight[i] = bytes[i] * scales[i / ins];
    }
    QuantizedKernels.Int8Matrix matrix =
        new QuantizedKernels.Int8Matrix(
            bench.upload(packed(bytes, 8)), bench.upload(ElementType.FP32, scales), outs, ins);
    Product product = new Product(bench, type, rows, outs, ins, biased);
    new QuantizedKernels(bench.module)
        .linear(
            bench.stream,
            type,
            product.out,
            bench.upload(type, product.x),
            matrix,
            product.deviceBias(),
            rows);
    product.expect("int8", weight);
  }

  private static void int4(
      KernelBench bench, ElementType type, int rows, int outs, int ins, int group, boolean biased) {
    int[] nibbles = bench.random.ints((long) outs * ins, 0, 16).toArray();
    double[] scales = Numbers.normal(bench.random, type, outs * ins / group, 0.1);
    double[] weight = new double[outs * ins];
    for (int i = 0; i < weight.length; i++) {
      weight[i] = (nibbles[i] - 8) * scales[i / group];
    }
    QuantizedKernels.Int4Matrix matrix =
        new QuantizedKernels.Int4Matrix(
            bench.upload(packed(nibbles, 4)), bench.upload(type, scales), group, outs, ins);
    Product product = new Product(bench, type, rows, outs, ins, biased);
    new QuantizedKernels(bench.module)
        .linear(
            bench.stream,
            type,
            product.out,
            bench.upload(type, product.x),
            matrix,
            product.deviceBias(),
            rows);
    product.expect("int4", weight);
  }

  /** Values of so many bits, the first in the lowest bits. */
  private static int[] packed(int[] values, int bits) {
    int each = 32 / bits;
    int[] words = new int[values.length / each];
    for (int i = 0; i < values.length; i++) {
      words[i / each] |= (values[i] & ((1 << bits) - 1)) << (i % each * bits);
    }
    return words;
  }

  /** Random activations and a bias, and what they make of a matrix. */
  private static final class Product {
    final KernelBench bench;
    final ElementType type;
    final int rows;
    final int outs;
    final int ins;
    final boolean biased;
    final double[] x;
    final double[] bias;
    final DeviceBuffer out;

    Product(KernelBench bench, ElementType type, int rows, int outs, int ins, boolean biased) {
      this.bench = bench;
      this.type = type;
      this.rows = rows;
      this.outs = outs;
      this.ins = ins;
      this.biased = biased;
      this.x = bench.normal(type, rows * ins);
      this.bias = biased ? bench.normal(type, outs) : new double[outs];
      this.out = bench.fresh(type, (long) rows * outs);
    }

    @Nullable DeviceBuffer deviceBias() {
      return biased ? bench.upload(type, bias) : null;
    }

    void expect(String form, double[] weight) {
      double[] expected = new double[rows * outs];
      for (int i = 0; i < expected.length; i++) {
        double sum = bias[i % outs];
        for (int k = 0; k < ins; k++) {
          sum += x[i / outs * ins + k] * weight[i % outs * ins + k];
        }
        expected[i] = sum;
      }
      bench.expect(form + " " + rows + " x " + ins + " times " + outs, type, out, expected);
    }
  }
}
